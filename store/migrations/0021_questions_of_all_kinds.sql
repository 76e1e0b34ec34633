ALTER TABLE "rollouts" drop column "asks";--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "asks" boolean GENERATED ALWAYS AS (phase in ('submitted', 'active') and coalesce(jsonb_path_exists(view, '$ ? (@.pause != null || exists(@.blockers[*] ? (@.kind == "start-approval" || @.kind == "approval" || @.kind == "confirmation" || @.kind == "point-of-no-return" || @.kind == "split")) || @.checks.state == "failed")'), false)) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "rollouts_asking" ON "rollouts" USING btree ("submitted_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE asks;
