-- What has been promised, recorded or announced is never rewritten, not even by a bug of ours.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END
$$;
--> statement-breakpoint
CREATE TRIGGER payment_audit_append_only BEFORE UPDATE OR DELETE ON payment_audit
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER payment_audit_no_truncate BEFORE TRUNCATE ON payment_audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER quotes_unchanged BEFORE UPDATE ON quotes
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER webhook_events_frozen BEFORE UPDATE ON webhook_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
