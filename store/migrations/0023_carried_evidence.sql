CREATE TABLE "carried_evidence" (
	"rollout_id" text PRIMARY KEY NOT NULL,
	"evidence" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "carried_evidence" ADD CONSTRAINT "carried_evidence_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;