"use strict";
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const section = (id) => document.getElementById(id);
  if (section("charts")) Icarus.metrics(section("charts")).update(data, data.metrics);
  if (section("over-time")) Icarus.overTime(section("over-time")).update(data, data.time.metrics);
  if (section("network")) Icarus.map(section("network")).update(data, null);
  if (section("table")) Icarus.table(section("table")).update(data);
}
