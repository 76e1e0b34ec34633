CREATE TABLE "flag_evaluations" (
	"day" date NOT NULL,
	"environment" text NOT NULL,
	"key" text NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "flag_evaluations_day_environment_key_pk" PRIMARY KEY("day","environment","key")
);
--> statement-breakpoint
CREATE TABLE "flag_references" (
	"key" text NOT NULL,
	"repository" text NOT NULL,
	"count" integer NOT NULL,
	"commit" text,
	"by" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "flag_references_key_repository_pk" PRIMARY KEY("key","repository")
);
