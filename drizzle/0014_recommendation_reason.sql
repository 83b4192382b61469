DROP INDEX "fee_recommendations_expires_at";--> statement-breakpoint
ALTER TABLE "fee_recommendations" ADD COLUMN "reason" text;--> statement-breakpoint
CREATE INDEX "fee_recommendations_by_end" ON "fee_recommendations" USING btree ("expires_at","source","reason");