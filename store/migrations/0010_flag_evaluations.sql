CREATE TABLE "flag_evaluations" (
	"day" date NOT NULL,
	"environment" text NOT NULL,
	"key" text NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "flag_evaluations_day_environment_key_pk" PRIMARY KEY("day","environment","key")
);
