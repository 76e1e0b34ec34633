import { DatasourceVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Whoever looks chooses the Prometheus. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
export const WIDE = 24;
export const HALF = 12;
export const QUARTER = 6;
const HEIGHT = 8;

export function datasource(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus');
}

export function series(title: string, span: number): PanelBuilder {
  return new PanelBuilder()
    .title(title)
    .datasource(DATASOURCE)
    .span(span)
    .height(HEIGHT)
    .lineWidth(2)
    .fillOpacity(0);
}

/** `text`: what stands on it, of the labels of the query. */
export function stat(title: string, query: { text: string; expr: string }): StatBuilder {
  return new StatBuilder()
    .title(title)
    .datasource(DATASOURCE)
    .span(QUARTER)
    .height(HEIGHT)
    .withTarget(target(query.text, query.expr));
}

export function target(name: string, expr: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(name.replace(/\W/g, '') || 'A')
    .expr(expr)
    .legendFormat(name)
    .datasource(DATASOURCE);
}

export function colour(name: string) {
  return { id: 'color', value: { mode: 'fixed', fixedColor: name } };
}
