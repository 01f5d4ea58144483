"use strict";
/* Charts of experiments, series over time and networks, drawn by Vega-Lite.

   Data is what icarus.report.chart_data makes: an experiment (`group`) has `keys`, the number of
   its value of each dimension, and `values`, [mean, half-width, n] or null for each metric. No
   chart averages over what differs: a dimension that is neither axis, series nor panel is held at
   one of its values, by a selector. */
const Icarus = (() => {
  // Okabe and Ito's colours; black is white where the page is dark.
  const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9"];
  const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"];
  const DASHES = [[1, 0], [5, 2], [2, 2], [8, 2, 2, 2], [4, 2, 1, 2, 1, 2], [10, 3]];
  const NONE = "";
  const MOST_LINES = 40;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const cycle = (list, size) => Array.from({ length: size }, (_, i) => list[i % list.length]);
  const colours = (size) => cycle(COLOURS.map((c) => (c === "#000000" && dark.matches ? "#f2f2f2" : c)), size);
  const narrow = () => document.documentElement.clientWidth < 640;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const number = (value) => {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(3);
    return value.toLocaleString("en", { maximumSignificantDigits: 5 });
  };
  /* A mean with the digits that its interval leaves it: 41,070 ± 150. */
  const interval = (found) => {
    if (found === null) return "–";
    const [mean, half] = found;
    if (half === null || half === 0) return half === null ? number(mean) : `${number(mean)} ± 0`;
    const digits = 1 - Math.floor(Math.log10(half));
    if (digits > 8 || Math.abs(mean) >= 1e12) return `${number(mean)} ± ${half.toPrecision(2)}`;
    const unit = 10 ** Math.max(0, -digits);
    const decimals = Math.max(0, digits);
    const written = (value) =>
      (digits > 0 ? value : Math.round(value / unit) * unit).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return `${written(mean)} ± ${written(half)}`;
  };

  /* Selectors above a chart; `asked` is a list of {key, label, options: [[value, text]], value}. */
  function selectors(place, asked, changed) {
    const focused = document.activeElement?.dataset?.key;
    place.replaceChildren(
      ...asked.map(({ key, label, options, value }) => {
        const select = element("select");
        select.dataset.key = `${place.parentElement.id}/${key}`;
        select.append(...options.map(([of, text]) => new Option(text, of, false, String(of) === String(value))));
        select.addEventListener("change", () => changed(key, select.value));
        return element("label", {}, label, select);
      }),
    );
    for (const select of place.querySelectorAll("select")) if (select.dataset.key === focused) select.focus();
  }

  const look = () => ({
    background: null,
    font: "system-ui, DejaVu Sans, sans-serif",
    view: { stroke: null },
    axis: { labelColor: css("--ink"), titleColor: css("--ink"), gridColor: css("--line"), domainColor: css("--faint"), tickColor: css("--faint"), labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500, labelLimit: 160 },
    legend: { layout: { top: { anchor: "start", direction: narrow() ? "vertical" : "horizontal" } }, labelColor: css("--ink"), titleColor: css("--ink"), labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500, labelLimit: 320, titleLimit: 400 },
    header: { labelColor: css("--ink"), titleColor: css("--ink"), labelFontSize: 13, labelLimit: 400 },
    text: { color: css("--ink") },
  });

  async function embed(place, spec, label) {
    place.setAttribute("aria-label", label);
    // The interpreter of expressions (`ast`) needs no `eval`, which the page's policy forbids.
    const options = { actions: false, renderer: "svg", ast: true, config: look(), tooltip: { theme: dark.matches ? "dark" : "light" } };
    await vegaEmbed(place, { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec }, options);
    place.dataset.drawn = String(Number(place.dataset.drawn || 0) + 1);
  }

  /* A chart with selectors: what is chosen outlives new data. `draw` returns what the note says. */
  class Chart {
    constructor(section, draw, roles) {
      [this.section, this.draw, this.roles] = [section, draw, roles];
      [this.chosen, this.held] = [{}, {}];
      const again = () => this.data && this.show();
      dark.addEventListener("change", again);
      let width = 0;
      new ResizeObserver(([entry]) => {
        const now = Math.round(entry.contentRect.width);
        if (width && now !== width) again();
        width = now;
      }).observe(section);
    }

    update(data, metrics) {
      [this.data, this.metrics] = [data, metrics];
      this.show();
    }

    dimension(role) {
      const id = this.chosen[role];
      const place = this.data.dimensions.findIndex((one) => one.id === id);
      return place < 0 ? null : place;
    }

    settle() {
      const { dimensions, roles } = this.data;
      const id = (place) => (place === null || place === undefined ? NONE : dimensions[place].id);
      if (this.metrics && !this.metrics.some((one) => one.name === this.chosen.metric)) this.chosen.metric = this.metrics[0]?.name;
      for (const role of this.roles) {
        const known = this.chosen[role] === NONE || dimensions.some((one) => one.id === this.chosen[role]);
        if (this.chosen[role] === undefined || !known) this.chosen[role] = id(this.roles.length === 1 ? roles.series ?? roles.x : roles[role]);
      }
    }

    show() {
      this.settle();
      const { dimensions } = this.data;
      const asked = [];
      if (this.metrics) asked.push({ key: "metric", label: "Metric", value: this.chosen.metric, options: this.metrics.map((one) => [one.name, one.label]) });
      const titles = { x: "Axis", series: "Series", facet: "Panels" };
      if (dimensions.length) {
        for (const role of this.roles) {
          const options = dimensions.map((one) => [one.id, one.label]);
          asked.push({ key: role, label: titles[role], value: this.chosen[role], options: [[NONE, "none"], ...options] });
        }
      }
      const used = this.roles.map((role) => this.dimension(role));
      // Only values that occur together with those held before: the rest would show nothing.
      let left = this.data.groups.map((_, i) => i).filter((i) => this.concerns(i));
      dimensions.forEach((one, place) => {
        if (used.includes(place)) return;
        const there = [...new Set(left.map((i) => this.data.groups[i].keys[place]))].sort((a, b) => a - b);
        const texts = there.map((key) => one.values[key]);
        if (!texts.includes(this.held[one.id])) this.held[one.id] = texts[0];
        left = left.filter((i) => one.values[this.data.groups[i].keys[place]] === this.held[one.id]);
        if (one.values.length > 1) asked.push({ key: `held:${one.id}`, label: one.label, value: this.held[one.id], options: texts.map((text) => [text, text]) });
      });
      selectors(this.section.querySelector(".controls"), asked, (key, value) => {
        if (key.startsWith("held:")) this.held[key.slice(5)] = value;
        else {
          // A dimension has one role: the one that had it before takes what the other leaves.
          for (const role of this.roles) if (value !== NONE && role !== key && this.chosen[role] === value) this.chosen[role] = this.chosen[key];
          this.chosen[key] = value;
        }
        this.show();
      });
      const place = this.section.querySelector(".chart");
      this.section.querySelector(".note").textContent = this.draw(this, left, place) || "";
    }

    concerns() {
      return true;
    }
  }

  const shown = (chart, place, group) => (place === null ? "" : chart.data.dimensions[place].values[group.keys[place]]);

  /* The encodings that tell series apart: the same for a value, whatever else is shown. */
  function told(chart, place, wide, shape, symbols = {}) {
    if (place === null) return { color: { value: colours(1)[0] } };
    const { values, label } = chart.data.dimensions[place];
    const legend = { orient: "top", direction: "horizontal", columns: Math.max(1, Math.floor(wide / 190)), symbolLimit: MOST_LINES, ...symbols };
    const base = { field: "series", type: "nominal", title: label };
    return {
      color: { ...base, scale: { domain: values, range: colours(values.length) }, legend },
      ...(shape ? { strokeDash: { ...base, scale: { domain: values, range: cycle(DASHES, values.length) }, legend } } : {}),
    };
  }

  function metricChart(chart, groups, place) {
    const { dimensions } = chart.data;
    const metric = chart.metrics.findIndex((one) => one.name === chart.chosen.metric);
    const [x, series, facet] = chart.roles.map((role) => chart.dimension(role));
    if (metric < 0) return "No metric is a single number.";
    const label = chart.metrics[metric].label;
    const numeric = x !== null && dimensions[x].numeric;
    const values = groups.map((i) => chart.data.groups[i]).filter((group) => group.values[metric] !== null).map((group) => {
      const [mean, half, n] = group.values[metric];
      return {
        x: x === null ? "all" : numeric ? dimensions[x].numbers[group.keys[x]] : shown(chart, x, group),
        series: shown(chart, series, group), facet: shown(chart, facet, group),
        mean, low: mean - (half ?? 0), high: mean + (half ?? 0), told: interval(group.values[metric]), n,
        series_at: series === null ? 0 : group.keys[series],
      };
    });
    const wide = place.clientWidth || 600;
    const panels = facet === null ? 1 : new Set(values.map((one) => one.facet)).size;
    const columns = Math.max(1, Math.min(panels, Math.floor(wide / 340)));
    const width = Math.max(160, Math.floor(wide / columns) - (columns > 1 ? 85 : 80));
    const xs = values.map((one) => one.x);
    const [least, most] = [Math.min(...xs), Math.max(...xs)];
    const log = numeric && least > 0 && most / least >= 20;
    const tooltip = [
      ...(x === null ? [] : [{ field: "x", title: dimensions[x].label, type: numeric ? "quantitative" : "nominal" }]),
      ...(series === null ? [] : [{ field: "series", title: dimensions[series].label }]),
      ...(facet === null ? [] : [{ field: "facet", title: dimensions[facet].label }]),
      { field: "told", title: label }, { field: "n", title: "replications" },
    ];
    const order = x === null ? undefined : dimensions[x].values;
    const onX = numeric
      ? { field: "x", type: "quantitative", title: dimensions[x].label, scale: { type: log ? "log" : "linear", zero: false, padding: 14, nice: false }, axis: { values: [...new Set(xs)].length <= 8 ? [...new Set(xs)] : undefined, labelOverlap: true, grid: false, format: ",.6~r" } }
      : { field: "x", type: "nominal", title: x === null ? null : dimensions[x].label, sort: order, axis: { labelAngle: x === null || width / new Set(xs).size > 90 ? 0 : -35, labelOverlap: true } };
    const offset = !numeric && series !== null ? { xOffset: { field: "series", type: "nominal", sort: dimensions[series].values, scale: { paddingInner: 0.1 } } } : {};
    const onY = { type: "quantitative", title: label, scale: { zero: !numeric || Math.min(...values.map((one) => one.low)) <= 0.4 * Math.max(...values.map((one) => one.high)) } };
    const style = told(chart, series, wide, numeric);
    const bounds = { ...offset, x: onX, y: { ...onY, field: "low" }, y2: { field: "high" } };
    const bar = { mark: { type: "rule", strokeWidth: 1.5, ...(numeric ? {} : { color: css("--ink") }) }, encoding: numeric ? { ...bounds, color: style.color } : bounds };
    const main = { ...offset, x: onX, y: { ...onY, field: "mean" }, tooltip };
    const shapes = series === null ? {} : { shape: { field: "series", type: "nominal", title: dimensions[series].label, scale: { domain: dimensions[series].values, range: cycle(SHAPES, dimensions[series].values.length) }, legend: style.color.legend } };
    const layer = numeric
      ? [{ mark: { type: "line", strokeWidth: 2 }, encoding: { ...main, ...style } }, bar, { mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { ...main, color: style.color, ...shapes } }]
      : [{ mark: { type: "bar", stroke: css("--ink"), strokeWidth: 0.4 }, encoding: { ...main, color: style.color } }, bar];
    const view = { width, height: Math.round(Math.min(380, Math.max(220, width * 0.6))), layer };
    const spec = facet === null
      ? { ...view, autosize: { type: "fit-x", contains: "padding" }, width: wide - 8 }
      : { facet: { field: "facet", type: "nominal", title: dimensions[facet].label, sort: dimensions[facet].values }, columns, spec: view };
    embed(place, { data: { values }, ...spec }, `${label}, ${values.length} experiments; the table below has its numbers`);
    const bars = values.some((one) => one.high > one.low) ? "bars: 95 % confidence interval (Student’s t)" : "a single replication each, no intervals";
    return `${values.length} of ${chart.data.groups.length} experiments; ${bars}.`;
  }

  function timeChart(chart, groups, place) {
    const { time, dimensions } = chart.data;
    const metric = time.metrics.find((one) => one.name === chart.chosen.metric);
    const series = chart.dimension("series");
    const there = groups.filter((i) => time.series[i]?.[metric.name]).slice(0, MOST_LINES);
    const values = there.flatMap((i) => {
      const found = time.series[i];
      const [means, halves] = found[metric.name];
      const name = shown(chart, series, chart.data.groups[i]);
      return found.at.map((at, k) => ({
        at, series: name, mean: means[k],
        low: means[k] === null ? null : means[k] - (halves?.[k] ?? 0), high: means[k] === null ? null : means[k] + (halves?.[k] ?? 0),
        told: means[k] === null ? "–" : interval([means[k], halves?.[k] ?? null]),
      }));
    });
    const events = time.events.filter(([, , lines]) => lines.some((line) => there.includes(line))).map(([at, text]) => ({ at, text }));
    const wide = place.clientWidth || 600;
    const style = told(chart, series, wide, true, { symbolType: "stroke", symbolSize: 500, symbolOpacity: 1, symbolStrokeWidth: 2 });
    const onX = { field: "at", type: "quantitative", title: time.axis, scale: { zero: false, nice: false } };
    const onY = { type: "quantitative", title: metric.label, scale: { zero: false } };
    const tooltip = [{ field: "at", title: time.axis, type: "quantitative" }, ...(series === null ? [] : [{ field: "series", title: dimensions[series].label }]), { field: "told", title: metric.label }];
    const layer = [
      { mark: { type: "area", opacity: 0.2 }, encoding: { x: onX, y: { ...onY, field: "low" }, y2: { field: "high" }, color: style.color } },
      { mark: { type: "line", strokeWidth: 2 }, encoding: { x: onX, y: { ...onY, field: "mean" }, ...style } },
      { mark: { type: "point", filled: true, size: 90, opacity: 0.01 }, encoding: { x: onX, y: { ...onY, field: "mean" }, color: style.color, tooltip } },
    ];
    if (events.length) {
      const when = { x: { field: "at", type: "quantitative" }, tooltip: [{ field: "text", title: "event" }, { field: "at", title: time.axis, type: "quantitative" }] };
      layer.push({ data: { values: events }, mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5, color: css("--faint") }, encoding: when });
      // The same text beneath in the colour of the page, as lines may pass under it.
      const looks = events.length <= 6 ? [{ stroke: css("--paper"), strokeWidth: 4 }, { color: css("--ink") }] : [];
      for (const look of looks) layer.push({ data: { values: events }, mark: { type: "text", angle: 270, align: "right", baseline: "bottom", dx: -4, dy: -3, fontSize: 11, ...look }, encoding: { ...when, y: { value: 0 }, text: { field: "text" } } });
    }
    embed(place, { data: { values }, width: wide - 8, height: 320, autosize: { type: "fit-x", contains: "padding" }, layer }, `${metric.label} over time, ${there.length} lines, ${events.length} events`);
    const rest = time.left_out ? ` Of ${time.left_out} experiments there is nothing here, to keep the page small.` : "";
    const told_events = events.length ? ` Events: ${events.slice(0, 12).map((one) => one.text).join("; ")}${events.length > 12 ? "; …" : ""}.` : "";
    return `${there.length} experiment${there.length === 1 ? "" : "s"}${values.some((one) => one.high > one.low) ? "; bands: 95 % confidence interval" : ", a single replication each"}.${told_events}${rest}`;
  }

  function mapChart(chart, groups, place) {
    const { maps } = chart.data;
    const found = maps.of[groups[0]];
    if (!found) return "";
    const { nodes, links } = maps.networks[found.network];
    const wide = Math.max(280, place.clientWidth || 600);
    const [xs, ys] = [nodes.map((one) => one[2]), nodes.map((one) => one[3])];
    const span = (list) => [Math.min(...list), Math.max(...list)];
    const [[left, right], [bottom, top]] = [span(xs), span(ys)];
    const room = 0.05 * Math.max(right - left, top - bottom, 1e-9);
    // Both axes have one scale: the shape of a map stays.
    const ratio = (top - bottom + 2 * room) / (right - left + 2 * room);
    const width = wide - 10;
    const height = Math.round(Math.min(640, Math.max(220, width * ratio)));
    const extra = (height / ratio > width ? 0 : width / (height / ratio)) || 1;
    const more = extra > 1 ? ((right - left + 2 * room) * (extra - 1)) / 2 : 0;
    const scaled = (low, high) => ({ domain: [low, high], zero: false, nice: false });
    const x = { field: "x", type: "quantitative", axis: null, scale: scaled(left - room - more, right + room + more) };
    const y = { field: "y", type: "quantitative", axis: null, scale: scaled(bottom - room, top + room) };
    const roads = links.map(([u, v], k) => ({ x: xs[u], y: ys[u], x2: xs[v], y2: ys[v], load: found.loads[k], told: `${number(found.loads[k])} bytes/s`, link: `${nodes[u][0]} – ${nodes[v][0]}` })).sort((a, b) => a.load - b.load);
    const spots = nodes.map(([name, role, px, py], k) => ({ name, role: role === "router" && found.shares[k] > 0 ? "router with cache hits" : role, area: role === "router" ? found.shares[k] : 0, fixed: role !== "router", x: px, y: py, share: found.shares[k], told: `${number(100 * found.shares[k])} %` })).sort((a, b) => b.share - a.share);
    const legend = { orient: "top", direction: "horizontal" };
    const ramp = dark.matches ? ["#4b5563", "#56B4E9", "#E69F00", "#ff6b5a"] : ["#b9cde0", "#0072B2", "#8E3B7F", "#D7191C"];
    const roles = ["router with cache hits", "router", "source", "receiver"];
    const layer = [
      { data: { values: roads }, mark: { type: "rule", strokeCap: "round" }, encoding: { x, y, x2: { field: "x2" }, y2: { field: "y2" }, color: { field: "load", type: "quantitative", title: "Link load, both ways (bytes/s)", scale: { range: ramp, zero: true }, legend: { ...legend, gradientLength: Math.min(220, width - 40) } }, strokeWidth: { field: "load", type: "quantitative", legend: null, scale: { range: [1, 5], zero: true } }, tooltip: [{ field: "link" }, { field: "told", title: "load" }] } },
      { data: { values: spots }, mark: { type: "point", filled: true, opacity: 1, stroke: css("--ink"), strokeWidth: 0.8 }, encoding: { x, y, size: { condition: { test: "datum.fixed", value: 45 }, field: "area", type: "quantitative", title: "Share of requests served by a cache", scale: { range: [25, 420], zero: true }, legend: { ...legend, format: ".1~%", tickCount: 3, symbolFillColor: css("--faint") } }, fill: { field: "role", type: "nominal", title: "Node", scale: { domain: roles, range: ["#D55E00", css("--faint"), "#0072B2", "#009E73"] }, legend: { ...legend, columns: wide < 500 ? 2 : 4, symbolStrokeColor: css("--ink") } }, shape: { field: "role", type: "nominal", title: "Node", scale: { domain: roles, range: ["circle", "circle", "square", "triangle-up"] }, legend: { ...legend, columns: wide < 500 ? 2 : 4, symbolStrokeColor: css("--ink") } }, tooltip: [{ field: "name", title: "node" }, { field: "role" }, { field: "told", title: "served" }] } },
    ];
    if (nodes.length <= 120 && wide > 500) layer.push({ data: { values: spots.filter((one) => one.share > 0 || nodes.length <= 40) }, mark: { type: "text", fontSize: 10, dx: 9, dy: -9, align: "left", limit: 90 }, encoding: { x, y, text: { field: "name" } } });
    embed(place, { width, height, autosize: { type: "pad" }, layer, resolve: { scale: { color: "independent" } } }, "Map of the network: share of requests that each node served, and load of each link");
    const rest = maps.left_out ? ` ${maps.left_out} experiments have no map: their networks are not Icarus’ own, too large, or too many for a page.` : "";
    return `Mean of ${found.n} replication${found.n === 1 ? "" : "s"}. A router’s size is the share of all requests that its cache served, a link’s colour and width its load.${rest}`;
  }

  class MapChart extends Chart {
    concerns(i) {
      return i in this.data.maps.of;
    }
  }
  class TimeChart extends Chart {
    concerns(i) {
      return i in this.data.time.series;
    }
  }

  return {
    element, interval, number, selectors, css,
    metrics: (section) => new Chart(section, metricChart, ["x", "series", "facet"]),
    overTime: (section) => new TimeChart(section, timeChart, ["series"]),
    map: (section) => new MapChart(section, mapChart, []),
  };
})();
