CREATE TABLE "proposed_plans" (
	"mark" text PRIMARY KEY NOT NULL,
	"rollout_id" text NOT NULL,
	"plan" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "proposed_plans" ADD CONSTRAINT "proposed_plans_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "proposed_plans_rollout" ON "proposed_plans" USING btree ("rollout_id","at");