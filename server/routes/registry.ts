import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isNobody } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import { contentsOf, textOf } from '../../plans/flag/contents.ts';
import { type Difference, differences, differenceText } from '../../plans/flag/difference.ts';
import type { FlagRevision, FlagState, FlagTarget } from '../../store/flag-contract.ts';
import {
  ApplyReply,
  ApplyRequest,
  DefineRequest,
  DiffQuery,
  DiffReply,
  FlagDetail,
  FlagDetails,
  HistoryReply,
  MoveRequest,
  UndoReply,
  UndoRequest,
} from '../api/flags.ts';
import { FlagQuery } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import { EVERYWHERE } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { applyFile } from '../flags/apply.ts';
import { detailOf } from '../flags/detail.ts';
import { refuseUnfit } from '../flags/fit.ts';
import { registered } from '../flags/registered.ts';
import { flagPlace, operator, targetOf } from '../flags/target.ts';

const params = z.strictObject({ key: z.string().min(1) });
const tags = ['flags'];
const HISTORY = 200;

/** What flags are: definitions, exposure by hand, revisions and the way back to one. */
export const registryRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const { registry, flagService } = deps;
    /** Delivered at once, without waiting for the notice. */
    const taken = (flag: FlagState) => {
      flagService.accept(flag);
      return detailOf(deps, flag);
    };
    /** The flag that is meant, where the sender may look at it. */
    const readable = async (request: FastifyRequest, key: string, environment: string | undefined) => {
      const target = await targetOf(deps, key, environment);
      callerOf(request).demand('read', flagPlace(target));
      return target;
    };
    const read = async (target: FlagTarget) => {
      const flag = await registry.read(target);
      if (flag !== null) return flag;
      throw new Failure('FLAG_UNKNOWN', `There is no flag ${target.key} in ${target.environment}.`);
    };

    app.get('/registry', {
      config: { access: ['read'] },
      schema: { tags, summary: 'All flags with their definitions', response: { 200: FlagDetails } },
      handler: async (request) => ({
        flags: flagService
          .environments()
          .flatMap((environment) => registered(flagService, environment))
          .filter((flag) => callerOf(request).may('read', flagPlace(flag)))
          .map((flag) => detailOf(deps, flag)),
      }),
    });

    app.get('/flags/:key/definition', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'A flag with its definition',
        params,
        querystring: FlagQuery,
        response: { 200: FlagDetail },
      },
      handler: async (request) =>
        detailOf(deps, await read(await readable(request, request.params.key, request.query.environment))),
    });

    app.post('/flags/:key/definition', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Make or change a flag',
        params,
        querystring: FlagQuery,
        body: DefineRequest,
        response: { 200: FlagDetail },
      },
      handler: async (request) => {
        const { key } = request.params;
        const { query } = request;
        const { by, roles, reason, definition, create } = request.body;
        const target = create
          ? { environment: query.environment ?? 'production', key }
          : await targetOf(deps, key, query.environment);
        const { by: author } = operator(request, target, { by, roles });
        if (!create) await read(target);
        const contents = contentsOf(definition);
        await refuseUnfit(deps, [{ target, contents, place: '' }]);
        return taken(await registry.put(target, { ...contents, create }, { author, reason }));
      },
    });

    app.post('/flags/:key/exposure', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Move a flag by hand',
        params,
        querystring: FlagQuery,
        body: MoveRequest,
        response: { 200: FlagDetail },
      },
      handler: async (request) => {
        const { by, roles, reason, percent, segments, on } = request.body;
        const target = await targetOf(deps, request.params.key, request.query.environment);
        const { by: author } = operator(request, target, { by, roles });
        if (percent === undefined && segments === undefined && on === undefined)
          throw new Failure('USAGE', 'Say where the flag is to go: `percent`, `segments` or `on`.');
        const flag = await read(target);
        refuseSegments(deps, segments ?? []);
        const wanted = {
          percent: percent ?? flag.exposure.percent,
          segments: segments ?? flag.exposure.segments,
          variant: flag.exposure.variant,
        };
        const switched =
          percent === undefined && segments === undefined ? switchedTo(flag, on === true) : wanted;
        const exposure = on === false ? { ...switched, percent: 0, segments: [] } : switched;
        const live = on ?? !isNobody(exposure);
        return taken(await registry.move(flag, { exposure, live }, { author, reason }));
      },
    });

    app.get('/flags/:key/revisions', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'Who changed a flag, how and why',
        params,
        querystring: FlagQuery,
        response: { 200: HistoryReply },
      },
      handler: async (request) => {
        const target = await readable(request, request.params.key, request.query.environment);
        const found = await registry.history(target, HISTORY + 1);
        return {
          revisions: found.slice(0, HISTORY).map((entry, at) => {
            const { revision, at: when, author, reason, rolloutId, exposure } = entry;
            const changes = between(found[at + 1] ?? null, entry).map(differenceText);
            return { revision, at: when, author, reason, rolloutId, exposure, changes };
          }),
        };
      },
    });

    app.get('/flags/:key/diff', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'What differs between two revisions',
        params,
        querystring: DiffQuery,
        response: { 200: DiffReply },
      },
      handler: async (request) => {
        const { query } = request;
        const target = await readable(request, request.params.key, query.environment);
        const to = query.to ?? (await read(target)).revision;
        const from = query.from ?? Math.max(1, to - 1);
        const [before, after] = [await registry.revision(target, from), await registry.revision(target, to)];
        const changes = between(before, after);
        return {
          from,
          to,
          changes: changes.map((change) => ({
            path: change.path,
            before: change.before ?? null,
            after: change.after ?? null,
          })),
        };
      },
    });

    app.post('/flags/:key/undo', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Back to an earlier revision',
        params,
        querystring: FlagQuery,
        body: UndoRequest,
        response: { 200: UndoReply },
      },
      handler: async (request) => {
        const { by, roles, reason, to } = request.body;
        const target = await targetOf(deps, request.params.key, request.query.environment);
        const { by: author } = operator(request, target, { by, roles });
        const { flag, kept } = await registry.undo(target, to, { author, reason });
        return { flag: taken(flag), kept };
      },
    });

    app.post('/flag-file', {
      config: { access: ['operate'] },
      schema: {
        tags,
        summary: 'Bring flags and segments to what a file says',
        body: ApplyRequest,
        response: { 200: ApplyReply },
      },
      handler: async (request) => {
        const { by, roles, reason, text, file, dryRun } = request.body;
        const caller = callerOf(request);
        const { by: author } = caller.actor({ by, roles }, EVERYWHERE);
        const mayChange = (target: FlagTarget | null) =>
          caller.demand('operate', target === null ? EVERYWHERE : flagPlace(target));
        return applyFile(deps, { text, file, dryRun, mayChange }, { author, reason });
      },
    });
  };

/** What `on` alone means: everybody, unless the rules of the flag say who. */
function switchedTo({ spec, exposure }: FlagState, on: boolean) {
  const byRules = spec?.kind === 'targeting' || spec?.kind === 'rule';
  return on && !byRules ? { ...exposure, percent: 100 } : exposure;
}

function refuseSegments({ segments, flagService }: ServerDeps, names: readonly string[]): void {
  const known = [...Object.keys(segments), ...flagService.segments().map(({ name }) => name)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Failure('SEGMENT_UNKNOWN', `There is no segment ${unknown.join(' and no ')}.`);
}

/** Null: there was none before. Revisions of versions that kept less are compared by what they have. */
function between(before: FlagRevision | null, after: FlagRevision): Difference[] {
  const parts = ({ exposure, content }: FlagRevision) => ({
    exposure,
    ...(content === null
      ? {}
      : { ...textOf(content), live: content.live, latched: content.latched, safe: content.shape.safe }),
  });
  const all = before === null ? {} : parts(before);
  const wholly = before === null || (before.content !== null && after.content !== null);
  return wholly
    ? differences(all, parts(after))
    : differences({ exposure: before.exposure }, { exposure: after.exposure });
}
