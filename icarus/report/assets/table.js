"use strict";
/* The table of experiments: sorted by a click on a head, filtered by words and by values. */
Icarus.table = (section) => {
  const { element, interval, number } = Icarus;
  const MOST_ROWS = 1000;
  const MOST_CHOICES = 60;
  const [controls, place, note] = [section.querySelector(".controls"), section.querySelector(".scroll"), section.querySelector("[role=status]")];
  const state = { column: null, up: true, words: "", wanted: {} };
  let data = null;
  let columns = [];

  const columnsOf = () => [
    ...data.dimensions.map((one, place) => ({ id: one.id, head: one.name, title: one.label, number: one.numeric, text: (group) => one.values[group.keys[place]], rank: (group) => group.keys[place] })),
    { id: "n", head: "n", title: "Replications", number: true, text: (group) => number(group.n), rank: (group) => group.n },
    ...data.metrics.map((one, place) => ({ id: one.name, head: one.label, title: one.name, number: true, text: (group) => interval(group.values[place]), rank: (group) => group.values[place]?.[0] ?? null })),
  ];

  function rows() {
    const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = data.dimensions.map((one) => state.wanted[one.id]);
    const left = data.groups.filter((group) => {
      if (wanted.some((value, place) => value && data.dimensions[place].values[group.keys[place]] !== value)) return false;
      const text = data.dimensions.map((one, place) => `${one.name}=${one.values[group.keys[place]]}`).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const by = columns.find((one) => one.id === state.column);
    if (by) {
      const rank = (group) => by.rank(group);
      // What is missing comes last, whichever way.
      left.sort((a, b) => (rank(a) === null) - (rank(b) === null) || (state.up ? 1 : -1) * (rank(a) - rank(b)));
    }
    return left;
  }

  function head(column) {
    const button = element("button", { type: "button", title: column.title }, column.head);
    button.addEventListener("click", () => {
      state.up = state.column === column.id ? !state.up : true;
      state.column = column.id;
      show();
      for (const one of place.querySelectorAll("th button")) if (one.title === column.title) one.focus();
    });
    const cell = element("th", { scope: "col", className: column.number ? "number" : "" }, button);
    cell.setAttribute("aria-sort", state.column !== column.id ? "none" : state.up ? "ascending" : "descending");
    return cell;
  }

  function show() {
    columns = columnsOf();
    const found = rows();
    const [across, down] = [place.scrollLeft, place.scrollTop];
    const body = element("tbody");
    for (const group of found.slice(0, MOST_ROWS)) {
      body.append(element("tr", {}, ...columns.map((column) => element("td", { className: column.number ? "number" : "", title: column.number ? "" : column.text(group) }, column.text(group)))));
    }
    place.replaceChildren(element("table", {}, element("thead", {}, element("tr", {}, ...columns.map(head))), body));
    [place.scrollLeft, place.scrollTop] = [across, down];
    const cut = found.length > MOST_ROWS ? `, the first ${number(MOST_ROWS)} are shown` : "";
    note.textContent = `${number(found.length)} of ${number(data.groups.length)} experiments${cut}.`;
  }

  function filters() {
    const asked = data.dimensions.filter((one) => one.values.length > 1 && one.values.length <= MOST_CHOICES).map((one) => ({
      key: one.id, label: one.label, value: state.wanted[one.id] || "", options: [["", "all"], ...one.values.map((value) => [value, value])],
    }));
    Icarus.selectors(controls, asked, (key, value) => {
      state.wanted[key] = value;
      show();
    });
    const words = element("input", { type: "search", value: state.words, placeholder: "words, or name=value", autocomplete: "off" });
    words.addEventListener("input", () => {
      state.words = words.value;
      show();
    });
    controls.prepend(element("label", {}, "Filter", words));
  }

  return {
    update(fresh) {
      const same = data && JSON.stringify(data.dimensions) === JSON.stringify(fresh.dimensions);
      data = fresh;
      // Selectors that somebody is using stay as they are.
      if (!same) filters();
      show();
    },
  };
};
