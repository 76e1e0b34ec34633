CREATE TABLE "segment_revisions" (
	"name" text NOT NULL,
	"revision" integer NOT NULL,
	"spec" jsonb,
	"member" jsonb,
	"author" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "segment_revisions_name_revision_pk" PRIMARY KEY("name","revision")
);
--> statement-breakpoint
CREATE TABLE "segments" (
	"name" text PRIMARY KEY NOT NULL,
	"spec" jsonb NOT NULL,
	"joined" jsonb NOT NULL,
	"left" jsonb NOT NULL,
	"revision" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "flag_revisions" ADD COLUMN "content" jsonb;--> statement-breakpoint
ALTER TABLE "flags" ADD COLUMN "spec" jsonb;--> statement-breakpoint
ALTER TABLE "flags" ADD COLUMN "live" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "flags" ADD COLUMN "created_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
-- Whoever has the canary now goes on having it by the rules that come to a flag later.
UPDATE "flags" SET "live" = ("exposure"->>'percent')::numeric > 0 OR jsonb_array_length("exposure"->'segments') > 0;--> statement-breakpoint
UPDATE "flags" SET "created_at" = first."at"
FROM (SELECT "environment", "key", min("at") AS "at" FROM "flag_revisions" GROUP BY 1, 2) AS first
WHERE first."environment" = "flags"."environment" AND first."key" = "flags"."key";
