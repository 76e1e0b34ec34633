CREATE TABLE "flag_revisions" (
	"environment" text NOT NULL,
	"key" text NOT NULL,
	"revision" integer NOT NULL,
	"exposure" jsonb NOT NULL,
	"epoch" integer NOT NULL,
	"rollout_id" text,
	"author" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "flag_revisions_environment_key_revision_pk" PRIMARY KEY("environment","key","revision")
);
--> statement-breakpoint
CREATE TABLE "flags" (
	"environment" text NOT NULL,
	"key" text NOT NULL,
	"variants" jsonb NOT NULL,
	"baseline" text NOT NULL,
	"canary" text NOT NULL,
	"stickiness" text NOT NULL,
	"safe" jsonb,
	"exposure" jsonb NOT NULL,
	"revision" integer NOT NULL,
	"epoch" integer NOT NULL,
	"rollout_id" text,
	"latch" jsonb,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL,
	CONSTRAINT "flags_environment_key_pk" PRIMARY KEY("environment","key")
);
--> statement-breakpoint
CREATE TABLE "journal" (
	"rollout_id" text NOT NULL,
	"seq" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"transition" text NOT NULL,
	"entry" jsonb NOT NULL,
	CONSTRAINT "journal_rollout_id_seq_pk" PRIMARY KEY("rollout_id","seq")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rollout_id" text NOT NULL,
	"seq" integer NOT NULL,
	"channel" text NOT NULL,
	"about" text DEFAULT '' NOT NULL,
	"notification" jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"leased_until" timestamp with time zone,
	"sent_at" timestamp with time zone,
	"stuck" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rollout_numbers" (
	"name" text PRIMARY KEY NOT NULL,
	"last" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rollouts" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"flag" text NOT NULL,
	"environment" text NOT NULL,
	"service" text,
	"text" text NOT NULL,
	"plan" jsonb NOT NULL,
	"phase" text NOT NULL,
	"submitted_by" text NOT NULL,
	"submitted_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	"view" jsonb,
	"view_seq" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "samples" (
	"rollout_id" text NOT NULL,
	"t" double precision NOT NULL,
	"stage" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"sample" jsonb,
	"assessment" jsonb,
	CONSTRAINT "samples_rollout_id_t_pk" PRIMARY KEY("rollout_id","t")
);
--> statement-breakpoint
ALTER TABLE "journal" ADD CONSTRAINT "journal_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "samples" ADD CONSTRAINT "samples_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_once" ON "outbox" USING btree ("rollout_id","seq","channel","about");--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("channel","due_at") WHERE sent_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "rollouts_one_active" ON "rollouts" USING btree ("environment","flag") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "rollouts_by_time" ON "rollouts" USING btree ("submitted_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "rollouts_by_service" ON "rollouts" USING btree ("service") WHERE ended_at is null;