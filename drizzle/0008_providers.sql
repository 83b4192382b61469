CREATE TABLE "provider_accounts" (
	"account_id" text NOT NULL,
	"provider" text NOT NULL,
	"name" text NOT NULL,
	"reference" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_accounts_account_id_provider_name_pk" PRIMARY KEY("account_id","provider","name")
);
--> statement-breakpoint
CREATE TABLE "provider_events" (
	"account_id" text NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_events_account_id_provider_event_id_pk" PRIMARY KEY("account_id","provider","event_id")
);
--> statement-breakpoint
CREATE TABLE "provider_steps" (
	"account_id" text NOT NULL,
	"key" uuid NOT NULL,
	"step" text NOT NULL,
	"provider" text NOT NULL,
	"status" text DEFAULT 'begun' NOT NULL,
	"external_id" text,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"begun_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "provider_steps_account_id_key_step_pk" PRIMARY KEY("account_id","key","step"),
	CONSTRAINT "provider_steps_status" CHECK ("provider_steps"."status" in ('begun', 'done', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "provider_operations" ADD COLUMN "refusal" text;--> statement-breakpoint
ALTER TABLE "provider_operations" ADD COLUMN "instructions" jsonb;--> statement-breakpoint
ALTER TABLE "quotes" ADD COLUMN "priority" text DEFAULT 'standard' NOT NULL;--> statement-breakpoint
CREATE INDEX "provider_events_received" ON "provider_events" USING btree ("received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_steps_one_per_thing" ON "provider_steps" USING btree ("account_id","provider","step","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "provider_steps_external" ON "provider_steps" USING btree ("provider","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "provider_operations_reference" ON "provider_operations" USING btree ("provider","reference") WHERE reference is not null;--> statement-breakpoint
ALTER TABLE "provider_operations" ADD CONSTRAINT "provider_operations_refusal" CHECK ("provider_operations"."refusal" in ('funds', 'compliance', 'limits', 'route', 'temporary'));--> statement-breakpoint
ALTER TABLE "quotes" ADD CONSTRAINT "quotes_priority" CHECK ("quotes"."priority" in ('economy', 'standard', 'express'));