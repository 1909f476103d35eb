/** Personal data of people who do not exist, the same at every start: what the sandbox's stores hold. */

export interface FakeCustomer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** `YYYY-MM-DD` */
  readonly born: string;
  readonly city: string;
}

const GIVEN = [
  "Amara",
  "Bruno",
  "Chiara",
  "Dmitri",
  "Elif",
  "Farid",
  "Greta",
  "Hugo",
  "Ines",
  "Jonas",
  "Kira",
  "Luca",
];
const FAMILY = [
  "Almeida",
  "Bakker",
  "Conti",
  "Dubois",
  "Eriksen",
  "Fischer",
  "Garcia",
  "Horvat",
  "Ivanova",
  "Jansen",
];
const CITIES = ["Utrecht", "Porto", "Graz", "Lyon", "Aarhus", "Torino", "Leipzig"];

/** Domain reserved for examples (RFC 2606), so that no mail ever arrives. */
const DOMAIN = "example.com";

export function fakeCustomers(count: number): FakeCustomer[] {
  return Array.from({ length: count }, (_, index) => {
    const given = pick(GIVEN, index);
    // Steps that share no factor with the lists' lengths, so that combinations repeat late.
    const family = pick(FAMILY, index * 7 + Math.floor(index / GIVEN.length));
    const id = String(index + 1).padStart(4, "0");
    return {
      id,
      name: `${given} ${family}`,
      email: `${given}.${family}.${id}@${DOMAIN}`.toLowerCase(),
      born: `${1950 + ((index * 13) % 55)}-${two(1 + ((index * 5) % 12))}-${two(1 + ((index * 11) % 28))}`,
      city: pick(CITIES, index * 3),
    };
  });
}

/** Objects of the customers' store: one profile each, a list, and exports that no access should open. */
export function customerObjects(customers: readonly FakeCustomer[]): [string, string][] {
  const rows = customers.map(({ id, name, email, born, city }) => [id, name, email, born, city].join(","));
  return [
    ["lists/customers.csv", `${["id,name,email,born,city", ...rows].join("\n")}\n`],
    ...customers.map((customer): [string, string] => [
      `profiles/${customer.id}.json`,
      `${JSON.stringify(customer, null, 2)}\n`,
    ]),
    ["exports/newsletter.csv", `${["email", ...customers.map((customer) => customer.email)].join("\n")}\n`],
  ];
}

/** Objects of the orders' store: one file a month. */
export function orderObjects(customers: readonly FakeCustomer[]): [string, string][] {
  return [1, 2, 3].map((month): [string, string] => {
    const rows = customers
      .filter((_, index) => index % 3 === month - 1)
      .map(
        ({ id, email }, index) =>
          `2026-${two(month)}-${two(index + 1)},${month}${id},${email},${(index * 17) % 400}.90`,
      );
    return [`orders/2026-${two(month)}.csv`, `${["date,order,email,total", ...rows].join("\n")}\n`];
  });
}

/** Objects of the payroll's store: what some of them earn, were they employed. */
export function payrollObjects(employees: readonly FakeCustomer[]): [string, string][] {
  const rows = employees.map(({ id, name }, index) => `${id},${name},${2400 + ((index * 370) % 3000)}`);
  return [["salaries/2026-11.csv", `${["id,name,salary", ...rows].join("\n")}\n`]];
}

function pick(list: readonly string[], index: number): string {
  return list[index % list.length] ?? "";
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
