import type { Condition } from '../plans/flag/condition.ts';
import { spellings } from './ascii-context.ts';
import type { Rule } from './rule.ts';

/** One of them, all of them, or for an empty list the constant that `or` and `and` begin with. */
export function joined(match: 'any' | 'all', rules: readonly Rule[]): Rule {
  const decided = match === 'any';
  if (rules.includes(decided)) return decided;
  const open = rules.filter((rule) => typeof rule !== 'boolean');
  const [first] = open;
  if (first === undefined) return !decided;
  if (open.length === 1) return first;
  return match === 'any' ? { or: open } : { and: open };
}

export function negated(rule: Rule): Rule {
  return typeof rule === 'boolean' ? !rule : { '!': [rule] };
}

/** A condition as JsonLogic that every flagd evaluator reads alike: an attribute that is missing never matches. */
export function conditionRule(condition: Condition): Rule {
  const rule = positive(condition);
  return condition.not ? negated(rule) : rule;
}

function positive(condition: Condition): Rule {
  const attribute: Rule = { var: condition.attribute };
  switch (condition.operator) {
    case 'in':
    case 'equals': {
      const { values } = condition;
      // `in` compares texts and numbers alike everywhere; of truth values evaluators think differently.
      const numbers = values.filter((value) => typeof value === 'number');
      const texts = values.filter((value) => typeof value === 'string');
      const plain = [...spellings(texts), ...numbers];
      const truths: Rule[] = values
        .filter((value) => typeof value === 'boolean')
        .map((value) => ({ '===': [attribute, value] }));
      const [only] = plain;
      if (condition.operator === 'equals' && plain.length === 1 && only !== undefined)
        return joined('any', [{ '===': [attribute, only] }, ...truths]);
      return joined('any', [...(plain.length === 0 ? [] : [{ in: [attribute, plain] }]), ...truths]);
    }
    case 'starts_with':
    case 'ends_with':
      return joined(
        'any',
        spellings(condition.values).map((value) => ({ [condition.operator]: [attribute, value] })),
      );
    case 'semver':
      return joined(
        'any',
        condition.values.map((value) => semver(attribute, value)),
      );
    case 'above':
    case 'at_least':
    case 'below':
    case 'at_most': {
      const sign = SIGNS[condition.operator];
      const tests = condition.values.map((value): Rule => ({ [sign]: [attribute, value] }));
      // A missing number counts as 0 in some evaluators and as none in others; a text as its digits.
      return { and: [{ '!==': [attribute, null] }, joined('any', tests)] };
    }
  }
}

const SIGNS = { above: '>', at_least: '>=', below: '<', at_most: '<=' } as const;

function semver(attribute: Rule, value: string): Rule {
  const [, sign = '', version = ''] = /^(=|!=|>=|<=|>|<|~|\^)?\s*(.*)$/.exec(value) ?? [];
  return { sem_ver: [attribute, sign === '' ? '=' : sign, version] };
}
