CREATE TABLE "channel_memory" (
	"rollout_id" text NOT NULL,
	"channel" text NOT NULL,
	"key" text NOT NULL,
	"value" text NOT NULL,
	CONSTRAINT "channel_memory_rollout_id_channel_key_pk" PRIMARY KEY("rollout_id","channel","key")
);
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "taken" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "channel_memory" ADD CONSTRAINT "channel_memory_rollout_id_rollouts_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("id") ON DELETE cascade ON UPDATE no action;