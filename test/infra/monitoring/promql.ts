/** Reads PromQL with the grammar of Prometheus' own editor. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Query {
  /** Names of the metrics that it reads. */
  readonly metrics: readonly string[];
  /** Where it is not PromQL; empty when it is. */
  readonly errors: readonly string[];
}

export function readQuery(expr: string): Query {
  const metrics: string[] = [];
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      const text = expr.slice(node.from, node.to);
      if (node.type.isError)
        errors.push(`at ${node.from}: ${expr.slice(Math.max(0, node.from - 10), node.to + 10)}`);
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') metrics.push(text);
    },
  });
  return { metrics, errors };
}
