ALTER TABLE "flags" ADD COLUMN "decommissioned" jsonb;--> statement-breakpoint
-- Flags whose last rollout had completed its decommission before this column was there.
UPDATE "flags" SET "decommissioned" = jsonb_build_object('rolloutId', last."id", 'runbook', NULL)
FROM (
  SELECT DISTINCT ON ("environment", "flag") "environment", "flag", "id", "phase", "plan"
  FROM "rollouts" ORDER BY "environment", "flag", "submitted_at" DESC
) AS last
WHERE last."environment" = "flags"."environment" AND last."flag" = "flags"."key"
  AND last."phase" = 'completed' AND last."plan" @? '$.stages[*].decommission';
