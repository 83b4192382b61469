CREATE UNLOGGED TABLE "rate_limit_usage" (
	"account_id" text NOT NULL,
	"key_id" text NOT NULL,
	"address" text NOT NULL,
	"minute" integer NOT NULL,
	"used" bigint NOT NULL,
	CONSTRAINT "rate_limit_usage_account_id_key_id_address_minute_pk" PRIMARY KEY("account_id","key_id","address","minute")
);
