CREATE TABLE "drills" (
	"id" text PRIMARY KEY NOT NULL,
	"rollout_id" text NOT NULL,
	"environment" text NOT NULL,
	"flag" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"passed" boolean,
	"run" jsonb NOT NULL,
	"seq" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "flags" ADD COLUMN "drill" jsonb;--> statement-breakpoint
CREATE INDEX "drills_by_time" ON "drills" USING btree ("started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "drills_by_flag" ON "drills" USING btree ("environment","flag","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);