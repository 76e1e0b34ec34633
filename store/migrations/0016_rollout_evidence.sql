CREATE TABLE "rollout_evidence" (
	"rollout_id" text NOT NULL,
	"kind" text NOT NULL,
	"ok" boolean NOT NULL,
	"by" text NOT NULL,
	"url" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rollout_evidence_rollout_id_kind_pk" PRIMARY KEY("rollout_id","kind")
);
