-- A search looks for pieces of words. An own function: the extension pg_trgm is not everywhere, nor everybody's to install.
CREATE FUNCTION tidegate_trigrams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  select coalesce(array_agg(distinct substr(words, i, 3)), '{}') from generate_series(1, length(words) - 2) as i
$$;--> statement-breakpoint
CREATE INDEX "rollouts_by_words" ON "rollouts" USING gin (tidegate_trigrams("search")) WITH (fastupdate=false);