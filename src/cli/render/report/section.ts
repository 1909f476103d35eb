import { type Framework, type PartName, rulesOf } from "../../../audit/report/frameworks.ts";
import type { Chart, Section, Table } from "./document.ts";

/** Makes sections that name the rules of a framework that they speak to. */
export function sectionOf(framework: Framework) {
  return (id: PartName, title: string, about: string, tables: readonly Table[], chart?: Chart): Section => ({
    id,
    title,
    about,
    rules: rulesOf(framework, id),
    tables,
    ...(chart === undefined ? {} : { chart }),
  });
}
