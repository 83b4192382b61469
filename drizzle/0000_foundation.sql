CREATE SCHEMA "sandbox";
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"hash" text NOT NULL,
	"hint" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_account_id_id_pk" PRIMARY KEY("account_id","id")
);
--> statement-breakpoint
CREATE TABLE "payment_audit" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"from_status" text,
	"to_status" text NOT NULL,
	"exception" text NOT NULL,
	"actor" text NOT NULL,
	"message" text NOT NULL,
	"provider" text,
	"leg" text,
	"attempt" integer,
	"job_id" uuid,
	"request_id" text,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_audit_account_id_payment_id_version_pk" PRIMARY KEY("account_id","payment_id","version")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"quote_id" uuid NOT NULL,
	"status" text NOT NULL,
	"exception" text DEFAULT 'none' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"source_account" text NOT NULL,
	"destination_account" text NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"failure_reason" text,
	"usdc_received" bigint,
	"usdc_spent" bigint,
	"settle_by" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "payments_account_id_id_pk" PRIMARY KEY("account_id","id"),
	CONSTRAINT "payments_status" CHECK ("payments"."status" in ('PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED', 'FAILED', 'CANCELLED', 'REFUND_PENDING', 'REFUNDED')),
	CONSTRAINT "payments_exception" CHECK ("payments"."exception" in ('none', 'provider_unknown', 'overdue', 'needs_review'))
);
--> statement-breakpoint
CREATE TABLE "provider_operations" (
	"account_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"leg" text NOT NULL,
	"attempt" integer NOT NULL,
	"provider" text NOT NULL,
	"key" uuid NOT NULL,
	"status" text DEFAULT 'submitted' NOT NULL,
	"reference" text,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"settled_amount" bigint,
	"rate" numeric(24, 10),
	"reason" text,
	"submitted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "provider_operations_account_id_payment_id_leg_attempt_pk" PRIMARY KEY("account_id","payment_id","leg","attempt"),
	CONSTRAINT "provider_operations_leg" CHECK ("provider_operations"."leg" in ('onramp', 'offramp', 'refund')),
	CONSTRAINT "provider_operations_status" CHECK ("provider_operations"."status" in ('submitted', 'accepted', 'done', 'refused'))
);
--> statement-breakpoint
CREATE TABLE "quotes" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"from_currency" text NOT NULL,
	"to_currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"rate" numeric(24, 10) NOT NULL,
	"onramp_rate" numeric(24, 10) NOT NULL,
	"offramp_rate" numeric(24, 10) NOT NULL,
	"rate_source" text NOT NULL,
	"platform_fee" bigint NOT NULL,
	"onramp_fee" bigint NOT NULL,
	"offramp_fee" bigint NOT NULL,
	"payout" bigint NOT NULL,
	"usdc_amount" bigint NOT NULL,
	"chain" text NOT NULL,
	"onramp_provider" text NOT NULL,
	"offramp_provider" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "quotes_account_id_id_pk" PRIMARY KEY("account_id","id"),
	CONSTRAINT "quotes_amounts" CHECK ("quotes"."amount" > 0 and "quotes"."payout" > 0 and "quotes"."usdc_amount" > 0),
	CONSTRAINT "quotes_fees" CHECK ("quotes"."platform_fee" >= 0 and "quotes"."onramp_fee" >= 0 and "quotes"."offramp_fee" >= 0),
	CONSTRAINT "quotes_net" CHECK ("quotes"."amount" > "quotes"."platform_fee" + "quotes"."onramp_fee" + "quotes"."offramp_fee")
);
--> statement-breakpoint
CREATE TABLE "sandbox"."operations" (
	"provider" text NOT NULL,
	"key" uuid NOT NULL,
	"reference" text NOT NULL,
	"leg" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"settled_amount" bigint NOT NULL,
	"rate" numeric(24, 10) NOT NULL,
	"ending" text NOT NULL,
	"reason" text,
	"calls" integer DEFAULT 1 NOT NULL,
	"ends_at_ms" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operations_provider_key_pk" PRIMARY KEY("provider","key")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_status" integer,
	"last_error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_attempt_at" timestamp (3) with time zone,
	"delivered_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_deliveries_account_id_id_pk" PRIMARY KEY("account_id","id"),
	CONSTRAINT "webhook_deliveries_status" CHECK ("webhook_deliveries"."status" in ('pending', 'delivered', 'dead', 'dropped'))
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"url" text NOT NULL,
	"secret" text NOT NULL,
	"event_types" text[],
	"enabled" boolean DEFAULT true NOT NULL,
	"disabled_reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_endpoints_account_id_id_pk" PRIMARY KEY("account_id","id")
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"account_id" text NOT NULL,
	"id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"sequence" integer NOT NULL,
	"type" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_events_account_id_id_pk" PRIMARY KEY("account_id","id")
);
--> statement-breakpoint
ALTER TABLE "payment_audit" ADD CONSTRAINT "payment_audit_account_id_payment_id_payments_account_id_id_fk" FOREIGN KEY ("account_id","payment_id") REFERENCES "public"."payments"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_account_id_quote_id_quotes_account_id_id_fk" FOREIGN KEY ("account_id","quote_id") REFERENCES "public"."quotes"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_operations" ADD CONSTRAINT "provider_operations_account_id_payment_id_payments_account_id_id_fk" FOREIGN KEY ("account_id","payment_id") REFERENCES "public"."payments"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_account_id_event_id_webhook_events_account_id_id_fk" FOREIGN KEY ("account_id","event_id") REFERENCES "public"."webhook_events"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_account_id_payment_id_payments_account_id_id_fk" FOREIGN KEY ("account_id","payment_id") REFERENCES "public"."payments"("account_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_hash" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_one_per_quote" ON "payments" USING btree ("account_id","quote_id");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_one_per_idempotency_key" ON "payments" USING btree ("account_id","idempotency_key");--> statement-breakpoint
CREATE INDEX "payments_by_status" ON "payments" USING btree ("account_id","status","id");--> statement-breakpoint
CREATE INDEX "payments_live" ON "payments" USING btree ("updated_at") WHERE ended_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "provider_operations_key" ON "provider_operations" USING btree ("account_id","key");--> statement-breakpoint
CREATE INDEX "quotes_expires_at" ON "quotes" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_deliveries_once" ON "webhook_deliveries" USING btree ("account_id","event_id","endpoint_id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries" USING btree ("created_at") WHERE status = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_events_sequence" ON "webhook_events" USING btree ("account_id","payment_id","sequence");