import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Segment } from '../../flags/segments.ts';
import type { Permission } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { differences } from '../../plans/flag/difference.ts';
import { SharedSegment } from '../../plans/flag/segment.ts';
import type { SegmentRevision } from '../../store/registry-contract.ts';
import {
  DiffReply,
  MemberRequest,
  RemoveRequest,
  SegmentDiffQuery,
  SegmentHistoryReply,
  SegmentReply,
  SegmentRequest,
  SegmentsReply,
  UndoRequest,
} from '../api/flags.ts';
import { callerOf } from '../auth/guard.ts';
import { EVERYWHERE } from '../auth/places.ts';
import type { Named } from '../auth/principal.ts';
import type { ServerDeps } from '../deps.ts';

const params = z.strictObject({ name: z.string().min(1) });
const tags = ['segments'];

/** Audiences that flags share, and how people join and leave them. */
export const segmentRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const { registry } = deps;
    const configured = Object.entries(deps.segments).flatMap(([name, segment]) =>
      'attribute' in segment ? [ofConfiguration(name, segment)] : [],
    );
    // A segment concerns the flags of every environment, and names people.
    const look = (request: FastifyRequest) => callerOf(request).demand('read', EVERYWHERE);
    const authorOf = (request: FastifyRequest, named: Named, permission: Permission = 'operate') => {
      callerOf(request).demand(permission, EVERYWHERE);
      return callerOf(request).actor(named, EVERYWHERE).by;
    };
    const shared = (segment: SharedSegment) => ({ ...segment, source: 'shared' as const });

    app.get('/segments', {
      config: { access: ['read'] },
      schema: { tags, summary: 'List segments', response: { 200: SegmentsReply } },
      handler: async (request) => {
        look(request);
        return { segments: [...configured, ...(await registry.segments()).map(shared)] };
      },
    });

    app.get('/segments/:name', {
      config: { access: ['read'] },
      schema: { tags, summary: 'One segment', params, response: { 200: SegmentReply } },
      handler: async (request) => {
        look(request);
        const { name } = request.params;
        return configured.find((segment) => segment.name === name) ?? shared(await registry.segment(name));
      },
    });

    app.post('/segments', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Make or change a segment',
        body: SegmentRequest,
        response: { 200: SegmentReply },
      },
      handler: async (request) => {
        const { by, roles, reason, segment } = request.body;
        const author = authorOf(request, { by, roles });
        return shared(await registry.putSegment(segment, { author, reason }));
      },
    });

    app.post('/segments/:name/remove', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Remove a segment that nothing names',
        params,
        body: RemoveRequest,
        response: { 200: z.strictObject({ removed: z.string() }) },
      },
      handler: async (request) => {
        const { name } = request.params;
        const { by, roles, reason } = request.body;
        const author = authorOf(request, { by, roles });
        refuseConfigured(name);
        await registry.removeSegment(name, { author, reason });
        return { removed: name };
      },
    });

    for (const [verb, change, summary] of [
      ['join', 'joined', 'A person joins'],
      ['leave', 'left', 'A person leaves, also what the rules say'],
      ['forget', 'forgotten', 'A person neither joined nor left'],
    ] as const) {
      app.post(`/segments/:name/${verb}`, {
        config: { access: ['enrol'] },
        schema: { tags, summary, params, body: MemberRequest, response: { 200: SegmentReply } },
        handler: async (request) => {
          const { name } = request.params;
          const { by, roles, reason, key } = request.body;
          const author = authorOf(request, { by, roles }, 'enrol');
          refuseConfigured(name);
          const segment = shared(await registry.enrol(name, key, change, { author, reason }));
          if (callerOf(request).may('read', EVERYWHERE)) return segment;
          const own = (people: readonly string[]) => people.filter((person) => person === key);
          return { ...segment, rules: [], joined: own(segment.joined), left: own(segment.left) };
        },
      });
    }

    app.get('/segments/:name/revisions', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'Who changed a segment, how and why',
        params,
        response: { 200: SegmentHistoryReply },
      },
      handler: async (request) => {
        look(request);
        const { name } = request.params;
        const found = await registry.segmentRevisions(name);
        if (found.length === 0) throw new Failure('SEGMENT_UNKNOWN', `There is no segment ${name}.`);
        return {
          revisions: found.map(({ revision, at, author, reason, ...entry }) => ({
            revision,
            at,
            author,
            reason,
            change: changeText(entry),
          })),
        };
      },
    });

    app.get('/segments/:name/diff', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'What differs between two revisions of a segment',
        params,
        querystring: SegmentDiffQuery,
        response: { 200: DiffReply },
      },
      handler: async (request) => {
        look(request);
        const { name } = request.params;
        const { query } = request;
        const to = query.to ?? (await registry.segmentRevisions(name))[0]?.revision;
        if (to === undefined) throw new Failure('SEGMENT_UNKNOWN', `There is no segment ${name}.`);
        const from = query.from ?? Math.max(1, to - 1);
        const [before, after] = [await registry.segmentAt(name, from), await registry.segmentAt(name, to)];
        const changes = differences(before ?? {}, after ?? {});
        return {
          from,
          to,
          changes: changes.map((change) => ({ before: null, after: null, ...change })),
        };
      },
    });

    app.post('/segments/:name/undo', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'A segment back to an earlier revision; who has joined or left since stays',
        params,
        body: UndoRequest,
        response: { 200: SegmentReply },
      },
      handler: async (request) => {
        const { name } = request.params;
        const { by, roles, reason, to } = request.body;
        const author = authorOf(request, { by, roles });
        refuseConfigured(name);
        return shared(await registry.undoSegment(name, to, { author, reason }));
      },
    });

    function refuseConfigured(name: string): void {
      if (!configured.some((segment) => segment.name === name)) return;
      throw new Failure('SEGMENT_INVALID', `The segment ${name} is one of tidegate.yaml: change it there.`, {
        where: `tidegate.yaml: segments.${name}`,
      });
    }
  };

function changeText({ spec, member }: Pick<SegmentRevision, 'spec' | 'member'>): string {
  if (member !== null)
    return `${member.key} ${member.change === 'forgotten' ? 'was forgotten' : member.change}`;
  return spec === null
    ? 'removed'
    : `defined: ${spec.rules.length} rules, ${spec.joinable ? 'joinable' : 'not joinable'}`;
}

function ofConfiguration(
  name: string,
  { attribute, operator, values }: Segment,
): z.infer<typeof SegmentReply> {
  const rule = { attribute, operator, values, not: false };
  const segment = SharedSegment.omit({ name: true }).parse({ rules: [rule], joined: [], left: [] });
  return { ...segment, name, source: 'configuration' };
}
