import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { Profile } from '../../../src/api/contract.ts';
import type { Series } from './series.ts';

const HEIGHT = 340;
const strokes = ['#1a7488', '#e8590c', '#7048e8', '#2f9e44', '#c2255c', '#f08c00'];
const darkStrokes = ['#4ab0c6', '#ffa94d', '#b197fc', '#69db7c', '#faa2c1', '#ffd43b'];

/** Amber: not fetched yet. Grey: fetched, and the meter has no row. */
export const gapColors = { unread: '#f59f00', missing: '#868e96' } as const;

/** Rows whose clock was set, or is not to be relied on. */
export const markColor = '#e03131';

/** A load profile; drag to zoom in, double-click to zoom out. Times are the concentrator's. */
export function ProfileChart({
  times,
  series,
  gaps,
  marked,
  zone,
  from,
  to,
}: {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly gaps: Profile['gaps'];
  /** Times of rows of whose clock the meter says something. */
  readonly marked: readonly number[];
  readonly zone: string;
  readonly from: number;
  readonly to: number;
}) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const holder = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  useEffect(() => {
    const element = holder.current;
    if (element === null || width === 0) return;
    const text = dark ? '#c9c9c9' : '#495057';
    const grid = { stroke: dark ? '#ffffff14' : '#0000000f', width: 1 };
    const unit = series[0]?.unit ?? '';
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        cursor: { drag: { x: true, y: false, setScale: true } },
        scales: {
          x: { time: true, range: (_, min, max) => (min === null ? [from / 1000, to / 1000] : [min, max]) },
        },
        axes: [
          {
            stroke: text,
            grid,
            ticks: grid,
            values: [
              [86_400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
              [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
              [3600, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
              [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
              [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
            ],
          },
          { stroke: text, grid, ticks: grid, size: 64, label: unit, labelSize: 20 },
        ],
        series: [
          { label: 'Time', value: '{YYYY}-{MM}-{DD} {HH}:{mm}' },
          ...series.map((one, index): uPlot.Series => {
            const stroke = (dark ? darkStrokes : strokes)[index % strokes.length] ?? text;
            const paths = uPlot.paths.stepped?.({ align: -1 });
            return {
              label: one.label,
              stroke,
              width: 1.5,
              points: { show: false },
              value: (_, value) => (value === null ? '—' : `${Number(value.toPrecision(6))} ${one.unit}`),
              ...(one.interval ? { fill: `${stroke}22` } : {}),
              ...(one.interval && paths !== undefined ? { paths } : {}),
            };
          }),
        ],
        hooks: { drawClear: [(chart) => drawGaps(chart, gaps), (chart) => drawMarks(chart, marked)] },
      },
      [times as number[], ...series.map((one) => one.values as (number | null)[])],
      element,
    );
    plot.setScale('x', { min: from / 1000, max: to / 1000 });
    return () => plot.destroy();
  }, [width, dark, times, series, gaps, marked, zone, from, to]);
  return (
    <div ref={ref} style={{ width: '100%', minHeight: HEIGHT + 40 }}>
      <div ref={holder} role="img" aria-label={`Chart of ${series.map((one) => one.label).join(', ')}`} />
    </div>
  );
}

/** A dashed line through each marked row. */
function drawMarks(chart: uPlot, marked: readonly number[]): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = `${markColor}99`;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  for (const time of marked) {
    const x = chart.valToPos(time / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

/** Hatches the stretches without rows, behind the lines. */
function drawGaps(chart: uPlot, gaps: Profile['gaps']): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const gap of gaps) {
    const left = chart.valToPos(gap.fromMs / 1000, 'x', true);
    const right = chart.valToPos(gap.toMs / 1000, 'x', true);
    const color = gapColors[gap.reason];
    ctx.fillStyle = `${color}1f`;
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, Math.max(1, right - left), bbox.height);
    ctx.clip();
    ctx.strokeStyle = `${color}66`;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    const step = 9 * devicePixelRatio;
    const first = Math.max(left, bbox.left) - bbox.height;
    for (let x = Math.floor(first / step) * step; x < Math.min(right, bbox.left + bbox.width); x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}
