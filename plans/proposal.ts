import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { parsePlan } from './parse.ts';
import type { Advice, PlanEdit } from './report.ts';

/** A plan as it could be tried next, with why. */
export interface Proposal {
  /** The text of the plan with the changes; as it was where there are none. */
  text: string;
  /** The advice that the text follows, and what is left to a person. */
  reasons: string[];
  left: string[];
}

/**
 * The text of a plan with all advice that can be carried out without a choice. Comments and order stay. An edit after which the
 * plan would not pass its review is left to a person.
 */
export function proposePlan(
  text: string,
  { of, advice }: { of: string; advice: readonly Advice[] },
): Proposal {
  const reasons: string[] = [];
  const left: string[] = [];
  let present = text;
  for (const { text: reason, edit } of advice) {
    const next = edit === undefined ? null : edited(present, edit);
    if (next === null) left.push(reason);
    else {
      reasons.push(reason);
      present = next;
    }
  }
  if (reasons.length === 0) return { text, reasons, left };
  const why = reasons.map((reason) => `# Proposed after ${of}: ${reason.replaceAll(/\s+/g, ' ')}\n`).join('');
  return { text: `${why}${present}`, reasons, left };
}

function edited(text: string, edit: PlanEdit): string | null {
  const document = parseDocument(text, { merge: true, logLevel: 'silent' });
  if (document.errors.length > 0 || !apply(document, edit)) return null;
  const next = document.toString({ lineWidth: 0 });
  return parsePlan(next, 'proposal').kind === 'ok' ? next : null;
}

function apply(document: Document, edit: PlanEdit): boolean {
  switch (edit.kind) {
    case 'bake': {
      const stage = named(document, 'stages', edit.stage);
      stage?.map.set('bake', edit.value);
      return stage !== null;
    }
    case 'insert': {
      const stage = named(document, 'stages', edit.before);
      stage?.list.splice(stage.at, 0, document.createNode(edit.stage, { flow: stage.map.flow === true }));
      return stage !== null;
    }
    case 'soft': {
      const metric = named(document, 'metrics', edit.metric);
      metric?.map.set('soft', edit.value);
      return metric !== null;
    }
    case 'noise':
      document.setIn(['analysis', 'noise'], edit.value);
      return true;
    case 'coverage': {
      const slice = document.createNode({ slice: edit.slice }, { flow: true });
      if (isSeq(document.get('coverage'))) document.addIn(['coverage'], slice);
      else document.set('coverage', document.createNode([slice]));
      return true;
    }
  }
}

/** An entry of a list of the plan, by its name. */
function named(
  document: Document,
  list: string,
  name: string,
): { map: YAMLMap; list: unknown[]; at: number } | null {
  const found = document.get(list);
  if (!isSeq(found)) return null;
  const at = found.items.findIndex((item) => isMap(item) && item.get('name') === name);
  const map = found.items[at];
  return isMap(map) ? { map, list: found.items, at } : null;
}
