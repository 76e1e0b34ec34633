CREATE TABLE "announcements" (
	"rollout_id" text PRIMARY KEY NOT NULL,
	"announced" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"rollout_id" text PRIMARY KEY NOT NULL,
	"seq" integer NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"told" jsonb NOT NULL,
	"closed_at" timestamp with time zone,
	"done" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
DROP INDEX "outbox_once";--> statement-breakpoint
ALTER TABLE "inbound" ADD COLUMN "work" jsonb;--> statement-breakpoint
ALTER TABLE "inbound" ADD COLUMN "leased_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "turn" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "incidents_to_tell" ON "incidents" USING btree ("rollout_id") WHERE not done;--> statement-breakpoint
CREATE INDEX "channel_memory_by_key" ON "channel_memory" USING btree ("key");--> statement-breakpoint
CREATE INDEX "inbound_to_do" ON "inbound" USING btree ("source","at") WHERE work is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_once" ON "outbox" USING btree ("rollout_id","seq","channel","about","turn");