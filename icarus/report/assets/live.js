"use strict";
/* The live page: asks how far the campaign is, and for its results when another job has ended. */
{
  const { element, number } = Icarus;
  const AGAIN = 2000; // milliseconds
  const at = (id) => document.getElementById(id);
  const parts = {};
  let [results_of, drawn] = [null, null];

  const clock = (seconds) => {
    if (seconds === null) return "–";
    const whole = Math.round(seconds);
    const two = (value) => String(value).padStart(2, "0");
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  };

  async function get(name) {
    const answer = await fetch(name, { cache: "no-store" });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  function list(section, jobs, text) {
    section.hidden = !jobs.length;
    section.querySelector(".jobs").replaceChildren(...jobs.map((job) => element("li", {}, text(job))));
  }

  function showStatus(status) {
    const share = status.planned ? status.ended / status.planned : 0;
    at("state").textContent = status.state;
    document.title = `${Math.floor(100 * share)} % – ${document.querySelector("h1").textContent}`;
    at("bar").value = share;
    const counts = Object.entries(status.counts).sort().map(([name, many]) => `${number(many)} ${name}`).join(", ");
    const rows = [
      ["Jobs", `${number(status.ended)} of ${number(status.planned)} ended (${Math.floor(100 * share)} %), ${number(status.planned - status.ended)} left`],
      ["By status", counts || "none yet"],
      ["Rate", status.rate ? `${number(Math.round(status.rate))} requests/s` : "–"],
      ["Time", `${clock(status.elapsed)} so far${status.alive ? `, ${clock(status.eta)} to go` : ""}`],
    ];
    at("figures").replaceChildren(...rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
    list(at("failed"), status.failures, (job) => `${job.status} ${job.number} ${job.label}: ${job.error}`);
    const how = (job) => [job.phase, job.amount ? `${number(job.amount)} ${job.unit}` : ""].filter(Boolean).join(", ") || "setting up";
    list(at("running"), status.running, (job) => `${job.number} ${job.label}: ${how(job)}`);
    return JSON.stringify(status.counts);
  }

  function showResults(data) {
    if (!data.groups.length || data.version === drawn) return;
    drawn = data.version;
    at("waiting").hidden = true;
    const part = (id, make, ...given) => {
      at(id).hidden = false;
      parts[id] ??= make(at(id));
      parts[id].update(data, ...given);
    };
    if (data.metrics.length) part("charts", Icarus.metrics, data.metrics);
    if (data.time) part("over-time", Icarus.overTime, data.time.metrics);
    part("table", Icarus.table);
  }

  async function look() {
    let alive = true;
    try {
      const status = await get("status.json");
      alive = status.alive;
      const now = showStatus(status);
      if (now !== results_of || alive) {
        showResults(await get("results.json"));
        results_of = now;
      }
    } catch (error) {
      at("state").textContent = error instanceof TypeError ? "The page is not served any more." : String(error.message);
    }
    setTimeout(look, alive ? AGAIN : 5 * AGAIN);
  }

  look();
}
