CREATE TABLE "ledger_entries" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"line" smallint NOT NULL,
	"ledger_account" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ledger_entries_account_id_payment_id_version_line_pk" PRIMARY KEY("account_id","payment_id","version","line"),
	CONSTRAINT "ledger_entries_amount" CHECK ("ledger_entries"."amount" <> 0),
	CONSTRAINT "ledger_entries_line" CHECK ("ledger_entries"."line" > 0),
	CONSTRAINT "ledger_entries_account" CHECK ("ledger_entries"."ledger_account" in ('payer', 'payee', 'customer_funds', 'onramp_clearing', 'liquidity', 'usdc_in_transit', 'payout_clearing', 'platform_fees', 'provider_fees', 'network_gas', 'risk_premiums', 'refunds', 'fx_spread', 'fx_gain_loss'))
);
--> statement-breakpoint
CREATE TABLE "ledger_unbalanced" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "ledger_unbalanced_account_id_payment_id_version_pk" PRIMARY KEY("account_id","payment_id","version")
);
--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_account_id_payment_id_payments_account_id_id_fk" FOREIGN KEY ("account_id","payment_id") REFERENCES "public"."payments"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ledger_entries_results" ON "ledger_entries" USING btree ("account_id","ledger_account","at") WHERE ledger_account in ('fx_spread', 'fx_gain_loss');--> statement-breakpoint
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Constraint triggers fire once for each row, which would sum a set as often as it has lines. So a statement sums what
-- it has just written, all sets at once, and only a set that it leaves unbalanced is looked at again at commit. The tables
-- are named with their schema, because a temporary table of the same name would be found first.
CREATE FUNCTION note_unbalanced_sets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.ledger_unbalanced
  SELECT DISTINCT account_id, payment_id, version FROM (
    SELECT account_id, payment_id, version FROM written
    GROUP BY account_id, payment_id, version, currency HAVING sum(amount) <> 0) AS unbalanced
  -- Written again, so that there is a check after the last statement whatever came before.
  ON CONFLICT (account_id, payment_id, version) DO UPDATE SET version = EXCLUDED.version;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_note_unbalanced AFTER INSERT ON ledger_entries
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION note_unbalanced_sets();
--> statement-breakpoint
CREATE FUNCTION refuse_unbalanced_set() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT currency, sum(amount) AS total INTO wrong FROM public.ledger_entries
  WHERE account_id = NEW.account_id AND payment_id = NEW.payment_id AND version = NEW.version
  GROUP BY currency HAVING sum(amount) <> 0 ORDER BY currency LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the ledger entries of payment %, version %, do not sum to zero: % is % off',
      NEW.payment_id, NEW.version, wrong.currency, wrong.total USING ERRCODE = 'check_violation';
  END IF;
  DELETE FROM public.ledger_unbalanced
  WHERE account_id = NEW.account_id AND payment_id = NEW.payment_id AND version = NEW.version;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER ledger_sets_balance AFTER INSERT OR UPDATE ON ledger_unbalanced
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_set();
