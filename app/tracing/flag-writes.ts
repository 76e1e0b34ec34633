import { type Attributes, type Span, SpanKind } from '@opentelemetry/api';
import type { FlagProvider, FlagReading, FlagTarget, FlagWriteResult } from '../../flags/provider.ts';
import { type Spans, stageOf } from './spans.ts';

interface About {
  rolloutId?: string | undefined;
  environment?: string | undefined;
  key?: string | undefined;
  stage?: string | null;
  direction?: 'raise' | 'lower' | undefined;
}

/** What a span says of a flag; the key under OpenTelemetry's own name for it. */
export function aboutFlag({ rolloutId, environment, key, stage = null, direction }: About): Attributes {
  return {
    ...(rolloutId === undefined ? {} : { 'tidegate.rollout.id': rolloutId }),
    ...(stage === null ? {} : { 'tidegate.stage': stage }),
    ...(environment === undefined ? {} : { 'tidegate.environment': environment }),
    ...(key === undefined ? {} : { 'feature_flag.key': key }),
    ...(direction === undefined ? {} : { 'tidegate.flag.direction': direction }),
  };
}

/** A span for each write that reaches the provider, with the revisions before and after it. */
export function tracedFlags(provider: FlagProvider, spans: Spans): FlagProvider {
  const around = <T>(name: string, about: About, work: (span: Span) => Promise<T>) =>
    spans.within(
      {
        name,
        kind: SpanKind.INTERNAL,
        attributes: {
          ...aboutFlag({ ...about, stage: stageOf(spans.current()) }),
          'feature_flag.provider.name': provider.name,
        },
      },
      work,
    );
  const unlatched = (name: string, target: FlagTarget, work: () => Promise<FlagReading>) =>
    around(
      name,
      { ...target, ...(name === 'flag.kill' ? { direction: 'lower' as const } : {}) },
      async (span) => {
        const reading = await work();
        span.setAttributes({
          'tidegate.flag.revision.after': reading.revision,
          ...aboutFlag({ rolloutId: reading.rolloutId ?? undefined }),
          ...(reading.offline === true ? { 'tidegate.flag.offline': true } : {}),
        });
        return reading;
      },
    );
  return {
    name: provider.name,
    read: (target) => provider.read(target),
    look: (target, shape) => provider.look(target, shape),
    ...(provider.renew === undefined ? {} : { renew: provider.renew.bind(provider) }),
    claim: (target, shape, rolloutId) =>
      around('flag.claim', { ...target, rolloutId }, async (span) => {
        const result = await provider.claim(target, shape, rolloutId);
        span.setAttribute('tidegate.flag.result', result.kind);
        return result;
      }),
    write: (write) =>
      around('flag.write', write, async (span) => {
        const result = await provider.write(write);
        span.setAttributes({ ...resultOf(result), 'tidegate.exposure.percent': write.exposure.percent });
        return result;
      }),
    release: (target, rolloutId) =>
      around('flag.release', { ...target, rolloutId }, () => provider.release(target, rolloutId)),
    kill: (target, safe, latch) => unlatched('flag.kill', target, () => provider.kill(target, safe, latch)),
    unlock: (target, by, reason) =>
      unlatched('flag.unlock', target, () => provider.unlock(target, by, reason)),
  };
}

function resultOf(result: FlagWriteResult): Attributes {
  const kind = { 'tidegate.flag.result': result.kind };
  const revisions = (before: number | null, after: number | null) => ({
    ...kind,
    ...(before === null ? {} : { 'tidegate.flag.revision.before': before }),
    ...(after === null ? {} : { 'tidegate.flag.revision.after': after }),
  });
  switch (result.kind) {
    case 'written':
      return revisions(result.before, result.after);
    case 'unchanged':
      return revisions(result.revision, result.revision);
    case 'written-offline':
      // Its revision is given once PostgreSQL is back.
      return revisions(result.before, null);
    case 'refused':
      return {
        ...revisions(result.current.revision, result.current.revision),
        'tidegate.flag.refused': result.why,
      };
  }
}
