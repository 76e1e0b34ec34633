import type { ExplainedValue, InstanceFinding } from '../plans/explanation.ts';
import { plain } from '../plans/words.ts';
import type { Search, Weighed, Whole } from './search.ts';
import { worseOf } from './value.ts';

/** Values that one sentence names, and the share of the excess at which no more are added. */
const MOST_NAMED = 3;
const ENOUGH = 0.8;
/** By how much more of the excess than of the requests values must hold to be where it moved. */
const CONCENTRATED = 0.2;
/** Requests that the baseline would have of a value, by the canary's mix, for it to be missing there and not rare. */
const MISSING = 20;
/** Share of the excess from which one value is named although its evidence is not enough. */
const SUSPECT = 0.5;
/** Share of the excess from which a value that is worse is named beside a mix that has most of it. */
const BESIDE = 0.1;
const LONGEST = 60;

interface Told {
  search: Search;
  whole: Whole;
  dimensions: readonly Weighed[];
  instances: InstanceFinding;
}

/**
 * For people: "84 % of the excess in errors comes from endpoint=/checkout, 12 % of the canary's requests (canary 12 %
 * against 0.4 %); none of the 6 canary instances stands out: it is the version".
 */
export function sentenceOf(told: Told): string {
  const { search, whole, dimensions } = told;
  const { name } = search.metric;
  if (!(whole.excess > 0)) return `over this span the canary is no worse than the baseline in ${name}`;
  const parts = [
    mixText(told) ?? placeText(told) ?? spreadText(told),
    outcomeText(told),
    hourText(told),
    whole.cell.sum.baselineTotal > 0 ? null : 'there is no baseline to compare with',
    instancesText(told.instances, search.replicas),
    ...dimensions.flatMap(({ kind, label, note }) =>
      note === null || kind === 'instances' || kind === 'hours' ? [] : [`${label} tells nothing: ${note}`],
    ),
  ].filter((text) => text !== null);
  return parts.length > 0 ? parts.join('; ') : `there is no label to search ${name} by`;
}

function nounOf({ search: { metric, edge }, whole }: Told): string {
  if (whole.cell.sum.baselineTotal === 0) return `what counts against the canary in ${metric.name}`;
  if (metric.kind === 'ratio')
    return `the ${metric.good === undefined ? 'excess' : 'loss'} in ${metric.name}`;
  if (metric.kind === 'mean' || metric.kind === 'gauge')
    return `the ${worseOf(metric) > 0 ? 'rise' : 'fall'} in ${metric.name}`;
  return `the excess in ${metric.name}${edge === null ? '' : ` (requests above ${seconds(edge)})`}`;
}

interface Place {
  label: string;
  rows: readonly ExplainedValue[];
  share: number;
  /** By how much more of the excess they hold than of what is to be expected of them. */
  concentration: number;
}

/** The few values of one label that hold most of the excess, where they hold much less of the requests. */
function placeOf(dimension: Weighed, whole: Whole): Place | null {
  const { label, rows, kind } = dimension;
  const expected = (row: ExplainedValue) =>
    kind === 'outcomes' ? row.baseline.events / Math.max(1, whole.cell.sum.baselineEvents) : row.traffic;
  const missing = ({ only, traffic }: ExplainedValue) =>
    only === 'canary' &&
    (whole.cell.sum.baselineTotal === 0 || traffic * whole.cell.sum.baselineTotal >= MISSING);
  const candidates = rows
    .filter((row) => (row.found || missing(row)) && (row.share ?? 0) > expected(row))
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
  const named: ExplainedValue[] = [];
  let share = 0;
  let usual = 0;
  for (const row of candidates) {
    if (named.length === MOST_NAMED || share >= ENOUGH) break;
    named.push(row);
    share += row.share ?? 0;
    usual += expected(row);
  }
  const concentration = Math.min(1, share) - usual;
  return concentration >= CONCENTRATED ? { label, rows: named, share, concentration } : null;
}

function bestPlace({ dimensions, whole }: Told, kind: Weighed['kind']): Place | null {
  const places = dimensions
    .filter((one) => one.kind === kind && one.rows.length > 1)
    .map((one) => placeOf(one, whole))
    .filter((place) => place !== null);
  const [best] = places.sort((a, b) => b.concentration - a.concentration);
  return best ?? null;
}

function placeText(told: Told): string | null {
  const place = bestPlace(told, 'values');
  if (place === null) return null;
  const { label, rows, share } = place;
  const traffic = rows.reduce((sum, row) => sum + row.traffic, 0);
  const named = rows.map((row) => `${label}=${short(row.value)} ${ratesText(row, told)}`);
  const usual = usualText(traffic, told);
  return (
    `${part(share)} of ${nounOf(told)} comes from ${list(named)}` +
    (usual === null ? '' : `, ${rows.length === 1 ? '' : 'together '}${usual}`)
  );
}

/** How much of it would be expected there; null: nothing is. */
function usualText(traffic: number, { search: { metric } }: Told): string | null {
  if (metric.kind === 'gauge' && metric.combine === 'max') return null;
  if (metric.kind === 'gauge' && metric.combine === 'sum') return `${rounded(traffic)} of the baseline's`;
  return `${rounded(traffic)} of the canary's ${unitsOf(metric)}`;
}

/** What is counted of a metric. */
function unitsOf({ kind }: Search['metric']): string {
  if (kind === 'gauge') return 'series';
  return kind === 'mean' ? 'observations' : 'requests';
}

function ratesText({ canary, baseline, only }: ExplainedValue, { search, whole }: Told): string {
  const values = search.metric.kind === 'mean' || search.metric.kind === 'gauge';
  const rateOf = ({ events, total }: ExplainedValue['canary']) => {
    const rate = total > 0 ? events / total : 0;
    return values ? plain(rate) : percent(rate);
  };
  const rate = `canary ${rateOf(canary)}`;
  if (only === 'canary')
    return whole.cell.sum.baselineTotal > 0 ? `(${rate}; the baseline has none of it)` : `(${rate})`;
  return `(${rate} against ${rateOf(baseline)})`;
}

/** When it was: the few hours that hold most of it. */
function hourText(told: Told): string | null {
  const place = bestPlace(told, 'hours');
  if (place === null) return null;
  const { rows, share } = place;
  const hours = rows.map((row) => `${row.value} ${ratesText(row, told)}`);
  return `${part(share)} of it is in the ${rows.length === 1 ? 'hour' : 'hours'} from ${list(hours)}, by the time of ${told.search.timezone}`;
}

/** Where no few values stand out. */
function spreadText(told: Told): string | null {
  const searched = told.dimensions.filter(({ kind, rows }) => kind === 'values' && rows.length > 1);
  if (searched.length === 0) return null;
  const labels = searched.map(({ label }) => label);
  return searched.some(({ rows }) => rows.some(({ found }) => found))
    ? `${nounOf(told)} is spread over ${list(labels)}`
    : (suspectText(told, searched) ?? `no value of ${list(labels, 'or')} stands out`);
}

/** A quick stop has few requests behind it: where to look first, said as what it is. */
function suspectText(told: Told, searched: readonly Weighed[]): string | null {
  const [most] = searched
    .flatMap(({ label, rows }) => rows.map((row) => ({ label, row, share: row.share ?? 0 })))
    .filter(({ row, share }) => share >= SUSPECT && share - row.traffic >= CONCENTRATED && (row.lnE ?? 0) > 0)
    .sort((a, b) => (b.row.lnE ?? 0) - (a.row.lnE ?? 0));
  if (most === undefined) return null;
  const { label, row, share } = most;
  const values = told.search.metric.kind === 'mean' || told.search.metric.kind === 'gauge';
  const units = values ? 'windows' : 'requests';
  return (
    `${part(Math.min(1, share))} of ${nounOf(told)} may come from ` +
    `${label}=${short(row.value)} ${ratesText(row, told)}, with too few ${units} to be sure`
  );
}

/** What became of the requests, where more than one thing did. */
function outcomeText(told: Told): string | null {
  const place = bestPlace(told, 'outcomes');
  const failing = told.dimensions.some(
    ({ kind, rows }) => kind === 'outcomes' && rows.filter(({ excess }) => excess !== 0).length > 1,
  );
  if (place === null || !failing) return null;
  const { label, rows, share } = place;
  return `${part(share)} of ${nounOf(told)} is ${list(rows.map(({ value }) => `${label}=${short(value)}`))}`;
}

/** A canary that was asked for other things than the baseline. */
function mixText(told: Told): string | null {
  const { dimensions, whole } = told;
  const [most] = dimensions
    .filter(({ kind, mix }) => kind === 'values' && (mix.share ?? 0) >= 0.5)
    .sort((a, b) => (b.mix.share ?? 0) - (a.mix.share ?? 0));
  const row = most?.rows.find(({ value }) => value === most.mix.value);
  if (most === undefined || row === undefined) return null;
  const usual = row.baseline.total / Math.max(1, whole.cell.sum.baselineTotal);
  const what = unitsOf(told.search.metric) === 'requests' ? 'rates' : 'values';
  return (
    `${part(most.mix.share ?? 0)} of ${nounOf(told)} is in what was asked for and not in the ${what}: ` +
    `${most.label}=${short(row.value)} is ${rounded(row.traffic)} of the canary's ${unitsOf(told.search.metric)} and ` +
    `${rounded(usual)} of the baseline's${besideMixText(most, told)}`
  );
}

/** What is worse as well: a mix that explains most of it is no excuse for the rest. */
function besideMixText({ label, rows }: Weighed, told: Told): string {
  const worse = rows
    .filter(({ found, share }) => found && (share ?? 0) >= BESIDE)
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0))
    .slice(0, MOST_NAMED);
  if (worse.length === 0) return '';
  const share = worse.reduce((sum, row) => sum + (row.share ?? 0), 0);
  const named = worse.map((row) => `${label}=${short(row.value)} ${ratesText(row, told)}`);
  return `; another ${part(share)} comes from ${list(named)}, which ${worse.length === 1 ? 'is' : 'are'} worse by ${worse.length === 1 ? 'itself' : 'themselves'}`;
}

function instancesText(finding: InstanceFinding, label: string): string | null {
  switch (finding.kind) {
    case 'instances': {
      const names = finding.names.slice(0, MOST_NAMED).map((name) => `${label}=${short(name)}`);
      const more = finding.names.length - names.length;
      const who = list(more > 0 ? [...names, `${more} more`] : names);
      const others =
        finding.others === 1
          ? 'the other canary instance is'
          : `the other ${finding.others} canary instances are`;
      return finding.names.length === 1
        ? `${who} is bad by itself: ${others} like the baseline`
        : `${who} are bad by themselves: ${others} like the baseline`;
    }
    case 'version': {
      const worst = finding.worst.slice(0, MOST_NAMED).map((name) => `${label}=${short(name)}`);
      if (worst.length === 0)
        return `none of the ${finding.count} canary instances stands out: it is the version`;
      return `it is the version: ${list(worst)} is worst, and the other canary instances are worse than the baseline too`;
    }
    case 'open':
      return `whether one of the ${finding.count} canary instances or the version is bad cannot be told yet`;
    case 'single':
      return 'the canary has one instance, which cannot be told from the version';
    case 'unknown':
      return null;
  }
}

function part(share: number): string {
  return share >= 0.995 ? 'all' : rounded(share);
}

function rounded(share: number): string {
  return share >= 0.01 ? `${Math.round(share * 100)} %` : percent(share);
}

function percent(rate: number): string {
  return `${Number((rate * 100).toPrecision(rate < 0.1 ? 2 : 3))} %`;
}

function seconds(value: number): string {
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
}

/** `a`, `a and b`, `a, b and c`. */
function list(items: readonly string[], word = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1) ?? ''}`;
}

/** A label can hold anything. */
function short(value: string): string {
  if (value === '') return '(none)';
  return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
}
