import { ROLE_INLINE_LIMIT, USER_INLINE_LIMIT } from "../../policy/measure.ts";
import type { Entity } from "../world.ts";
import { attachedList } from "./describe.ts";
import { checkInline } from "./documents.ts";
import { findPolicy, noSuchEntity } from "./entities.ts";
import { demandedRole } from "./roles.ts";
import { type Actions, encodeDocument, page, readName, reads, type Scope, writes } from "./scope.ts";
import { demandedUser } from "./users.ts";

/** Policies of roles and users: inline, attached, boundary. The calls differ in nothing but the name. */
export const POLICY_OWNER_ACTIONS: Actions = { ...actionsFor("Role"), ...actionsFor("User") };

function actionsFor(kind: "Role" | "User"): Actions {
  const limit = kind === "Role" ? ROLE_INLINE_LIMIT : USER_INLINE_LIMIT;
  const owner = (scope: Scope, action: string): Entity =>
    kind === "Role" ? demandedRole(scope, action) : demandedUser(scope, action);
  const nameOf = (entity: Entity) => ({ [`${kind}Name`]: entity.name });

  return {
    [`Put${kind}Policy`]: writes((scope) => {
      const name = readName(scope.input, "PolicyName");
      const document = scope.input.required("PolicyDocument");
      const entity = owner(scope, `Put${kind}Policy`);
      const label = `${kind.toLowerCase()} ${entity.name}`;
      entity.inline.set(name, checkInline(entity.inline, name, document, limit, label));
      return undefined;
    }),

    [`Get${kind}Policy`]: reads((scope) => {
      const name = readName(scope.input, "PolicyName");
      const entity = owner(scope, `Get${kind}Policy`);
      const document = entity.inline.get(name);
      if (document === undefined) throw missingInline(kind, name);
      return { ...nameOf(entity), PolicyName: name, PolicyDocument: encodeDocument(document) };
    }),

    [`List${kind}Policies`]: reads((scope) => {
      const entity = owner(scope, `List${kind}Policies`);
      const { items, end } = page(scope.input, [...entity.inline.keys()].sort());
      return { PolicyNames: items, ...end };
    }),

    [`Delete${kind}Policy`]: writes((scope) => {
      const name = readName(scope.input, "PolicyName");
      const entity = owner(scope, `Delete${kind}Policy`);
      if (!entity.inline.delete(name)) throw missingInline(kind, name);
      return undefined;
    }),

    [`Attach${kind}Policy`]: writes((scope) => {
      const arn = scope.input.required("PolicyArn");
      const entity = owner(scope, `Attach${kind}Policy`);
      entity.attached.add(findPolicy(scope.account, arn).arn);
      return undefined;
    }),

    [`Detach${kind}Policy`]: writes((scope) => {
      const arn = scope.input.required("PolicyArn");
      const entity = owner(scope, `Detach${kind}Policy`);
      if (!entity.attached.delete(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
      return undefined;
    }),

    [`ListAttached${kind}Policies`]: reads((scope) => {
      const entity = owner(scope, `ListAttached${kind}Policies`);
      const { items, end } = page(scope.input, attachedList(entity));
      return { AttachedPolicies: items, ...end };
    }),

    [`Put${kind}PermissionsBoundary`]: writes((scope) => {
      const arn = scope.input.required("PermissionsBoundary");
      const entity = owner(scope, `Put${kind}PermissionsBoundary`);
      entity.boundary = findPolicy(scope.account, arn).arn;
      return undefined;
    }),

    [`Delete${kind}PermissionsBoundary`]: writes((scope) => {
      const entity = owner(scope, `Delete${kind}PermissionsBoundary`);
      if (entity.boundary === undefined) {
        throw noSuchEntity(`${kind} ${entity.name} does not have a permissions boundary`);
      }
      entity.boundary = undefined;
      return undefined;
    }),
  };
}

function missingInline(kind: string, name: string): Error {
  return noSuchEntity(`The ${kind.toLowerCase()} policy with name ${name} cannot be found.`);
}
