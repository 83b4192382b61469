CREATE TABLE "audit_seals" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"seq" bigint NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_seals_account_id_seq_pk" PRIMARY KEY("account_id","seq")
);
--> statement-breakpoint
CREATE TABLE "audit_unsealed" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "audit_unsealed_account_id_payment_id_version_pk" PRIMARY KEY("account_id","payment_id","version")
);
--> statement-breakpoint
ALTER TABLE "payment_audit" ADD COLUMN "reason" text;--> statement-breakpoint
CREATE UNIQUE INDEX "audit_seals_one_per_row" ON "audit_seals" USING btree ("account_id","payment_id","version");--> statement-breakpoint
-- What a link's hash covers: the columns as a JSON array of text, whatever the session's settings. The same stands in
-- src/audit/chain.ts once more, so that the verification need not believe this function.
CREATE FUNCTION audit_bytes(a payment_audit) RETURNS bytea LANGUAGE sql STABLE
  RETURN convert_to(json_build_array(a.account_id, a.payment_id, a.version::text, a.from_status, a.to_status,
    a.exception, a.actor, a.message, a.reason, a.provider, a.leg, a.attempt::text, a.job_id, a.request_id,
    extract(epoch from a.at)::text)::text, 'UTF8');
--> statement-breakpoint
CREATE FUNCTION audit_link(last bytea, head bytea, content bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN sha256(coalesce(last, head) || content);
END
$$;
--> statement-breakpoint
-- Hash of the newest of several rows that continue the chain after `head`; as a window, of each of them.
CREATE AGGREGATE audit_chain(head bytea, content bytea) (SFUNC = audit_link, STYPE = bytea);
--> statement-breakpoint
CREATE FUNCTION mark_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_unsealed (account_id, payment_id, version) SELECT account_id, payment_id, version FROM written;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER payment_audit_unsealed AFTER INSERT ON payment_audit
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mark_unsealed();
--> statement-breakpoint
INSERT INTO audit_unsealed (account_id, payment_id, version) SELECT account_id, payment_id, version FROM payment_audit;
--> statement-breakpoint
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE ON audit_seals
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
