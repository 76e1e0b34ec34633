CREATE TABLE "digests" (
	"key" text PRIMARY KEY NOT NULL,
	"taken" integer DEFAULT 1 NOT NULL,
	"leased_until" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone
);
