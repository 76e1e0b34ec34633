CREATE TABLE "platform_flags" (
	"environment" text NOT NULL,
	"key" text NOT NULL,
	"provider" text NOT NULL,
	"applied" jsonb,
	"version" text,
	"past" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"pending" jsonb,
	"turn" integer DEFAULT 0 NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "platform_flags_environment_key_pk" PRIMARY KEY("environment","key")
);
--> statement-breakpoint
ALTER TABLE "flags" ADD COLUMN "provider" text;