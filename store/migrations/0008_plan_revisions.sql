CREATE TABLE "plan_revisions" (
	"rollout_id" text NOT NULL,
	"revision" integer NOT NULL,
	"text" text NOT NULL,
	"plan" jsonb NOT NULL,
	"by" text NOT NULL,
	"approved_by" text,
	"reason" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"after" double precision,
	CONSTRAINT "plan_revisions_rollout_id_revision_pk" PRIMARY KEY("rollout_id","revision")
);
--> statement-breakpoint
ALTER TABLE "plan_revisions" ADD CONSTRAINT "plan_revisions_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;