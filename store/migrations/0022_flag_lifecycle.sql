ALTER TABLE "flags" ADD COLUMN "lifecycle" text DEFAULT 'Proposed' NOT NULL;--> statement-breakpoint
UPDATE "flags" SET "lifecycle" = case
    when "flags"."decommissioned" is not null then 'Retired'
    when (last.exposure->>'percent')::numeric = 100 then 'Stable'
    when (last.exposure->>'percent')::numeric > 0 or jsonb_array_length(last.exposure->'segments') > 0 or last.exposure ? 'mode' then 'Ramping'
    when "flags"."rollout_id" is not null then 'Active'
    else 'Proposed' end
  FROM (SELECT DISTINCT ON (environment, key) environment, key, exposure FROM "flag_revisions"
    WHERE rollout_id IS NOT NULL ORDER BY environment, key, revision DESC) AS last
  WHERE last.environment = "flags"."environment" AND last.key = "flags"."key";
