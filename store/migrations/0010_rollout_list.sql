DROP INDEX "rollouts_by_time";--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "search" text GENERATED ALWAYS AS (lower(id || ' ' || flag || ' ' || environment || ' ' || coalesce(service, '') || ' ' || submitted_by || ' ' || coalesce(plan->'metadata'->>'title', '') || ' ' || coalesce(plan->'metadata'->>'owner', ''))) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "asks" boolean GENERATED ALWAYS AS (phase in ('submitted', 'active') and coalesce(jsonb_path_exists(view, '$ ? (@.pause != null || exists(@.blockers[*] ? (@.kind == "start-approval" || @.kind == "approval" || @.kind == "confirmation")))'), false)) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "outbox_sent" ON "outbox" USING btree ("channel","sent_at") WHERE sent_at is not null;--> statement-breakpoint
CREATE INDEX "rollouts_by_phase" ON "rollouts" USING btree ("phase","submitted_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "rollouts_by_flag" ON "rollouts" USING btree ("flag","submitted_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "rollouts_asking" ON "rollouts" USING btree ("submitted_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE asks;--> statement-breakpoint
CREATE INDEX "rollouts_by_time" ON "rollouts" USING btree ("submitted_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);