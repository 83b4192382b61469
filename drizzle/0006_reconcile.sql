CREATE TABLE "reconcile_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"days" integer NOT NULL,
	"checked" jsonb NOT NULL,
	"findings_by_kind" jsonb NOT NULL,
	"total" integer NOT NULL,
	"sample" jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX "reconcile_runs_ended" ON "reconcile_runs" USING btree ("ended_at");