CREATE TABLE "fee_advice" (
	"id" uuid PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"question" jsonb NOT NULL,
	"answer" text,
	"outcome" text NOT NULL,
	"input_tokens" integer DEFAULT 0 NOT NULL,
	"output_tokens" integer DEFAULT 0 NOT NULL,
	"cache_read_tokens" integer DEFAULT 0 NOT NULL,
	"cache_write_tokens" integer DEFAULT 0 NOT NULL,
	"cost_pico_usd" bigint DEFAULT 0 NOT NULL,
	"latency_ms" integer NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "fee_recommendations" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"from_currency" text NOT NULL,
	"to_currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"platform_fee" bigint NOT NULL,
	"onramp_fee" bigint NOT NULL,
	"offramp_fee" bigint NOT NULL,
	"gas_cost" bigint NOT NULL,
	"risk_premium" bigint NOT NULL,
	"chain" text NOT NULL,
	"onramp_provider" text NOT NULL,
	"offramp_provider" text NOT NULL,
	"source" text NOT NULL,
	"input" jsonb NOT NULL,
	"advice_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "fee_recommendations_account_id_id_pk" PRIMARY KEY("account_id","id"),
	CONSTRAINT "fee_recommendations_amounts" CHECK ("fee_recommendations"."amount" > "fee_recommendations"."platform_fee" + "fee_recommendations"."onramp_fee" + "fee_recommendations"."offramp_fee" + "fee_recommendations"."gas_cost" + "fee_recommendations"."risk_premium"
        and least("fee_recommendations"."platform_fee", "fee_recommendations"."onramp_fee", "fee_recommendations"."offramp_fee", "fee_recommendations"."gas_cost", "fee_recommendations"."risk_premium") >= 0),
	CONSTRAINT "fee_recommendations_source" CHECK ("fee_recommendations"."source" in ('claude', 'cache', 'rules'))
);
--> statement-breakpoint
CREATE TABLE "market_mids" (
	"currency" text NOT NULL,
	"source" text NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL,
	"fiat_per_usd" numeric(24, 10) NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "market_mids_currency_source_published_at_pk" PRIMARY KEY("currency","source","published_at"),
	CONSTRAINT "market_mids_positive" CHECK ("market_mids"."fiat_per_usd" > 0)
);
--> statement-breakpoint
CREATE TABLE "market_readings" (
	"source" text PRIMARY KEY NOT NULL,
	"value" jsonb,
	"fetched_at" timestamp (3) with time zone,
	"held_until" timestamp (3) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"failure" text
);
--> statement-breakpoint
ALTER TABLE "quotes" DROP CONSTRAINT "quotes_net";--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "gas_cost" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "risk_premium" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "total_fees" bigint GENERATED ALWAYS AS (platform_fee + onramp_fee + offramp_fee + gas_cost + risk_premium) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "market_buffer_bps" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "lock_buffer_bps" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "recommendation_id" uuid;--> statement-breakpoint
ALTER TABLE "fee_recommendations" ADD CONSTRAINT "fee_recommendations_advice_id_fee_advice_id_fk" FOREIGN KEY ("advice_id") REFERENCES "public"."fee_advice"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "fee_advice_by_time" ON "fee_advice" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "fee_recommendations_expires_at" ON "fee_recommendations" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "quotes_one_per_recommendation" ON "quotes" USING btree ("account_id","recommendation_id") WHERE recommendation_id is not null;--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_extra_fees" CHECK ("quotes"."gas_cost" >= 0 and "quotes"."risk_premium" >= 0);--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_buffers" CHECK ("quotes"."market_buffer_bps" >= 0 and "quotes"."lock_buffer_bps" >= 0);--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_net" CHECK ("quotes"."amount" > "quotes"."total_fees");--> statement-breakpoint
CREATE TRIGGER fee_recommendations_unchanged BEFORE UPDATE ON fee_recommendations
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER fee_advice_unchanged BEFORE UPDATE ON fee_advice
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER market_mids_unchanged BEFORE UPDATE ON market_mids
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
