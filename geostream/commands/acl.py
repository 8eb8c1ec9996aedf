"""ACL: what there is to tell about users when there is one, ``default``.

It may do everything, and its password is ``requirepass``. Other users cannot be made;
SETUSER says so instead of accepting rules that would not be kept.
"""

from __future__ import annotations

import os

from geostream import errors
from geostream.engine.access import USER, Refusal
from geostream.engine.args import Args
from geostream.engine.categories import CATEGORIES, commands_in
from geostream.engine.command import TABLE, Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import OK, Double, Reply, SetOf

GROUP = "server"
FLAGS = {Flag.NOSCRIPT, Flag.LOADING, Flag.STALE}
ADMIN = {Flag.ADMIN, *FLAGS}
TO_ALL_NODES = ("request_policy:all_nodes", "response_policy:all_succeeded")
MAX_PASSWORD_BITS = 4096
DEFAULT_PASSWORD_BITS = 256
SHOWN_BY_DEFAULT = 10

container("ACL", group=GROUP, since="6.0.0", summary="Users, and what they may do.")


def _too_many(args: Args) -> errors.CommandError:
    return errors.fail(errors.SUBCOMMAND_SYNTAX, name=args.words[1], container="ACL")


@command(
    "ACL WHOAMI",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="The user this connection acts as.",
)
def acl_whoami(ctx: Context, asked: None) -> Reply:
    return USER


@command(
    "ACL USERS",
    arity=2,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="The names of all users.",
    complexity="O(N), N being the number of users",
)
def acl_users(ctx: Context, asked: None) -> Reply:
    return [USER]


@command(
    "ACL LIST",
    arity=2,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="The rules of all users, as a configuration would have them.",
    complexity="O(N), N being the number of users",
)
def acl_list(ctx: Context, asked: None) -> Reply:
    access = ctx.engine.access
    if not access.password:
        return [b"user default on nopass sanitize-payload ~* &* +@all"]
    return [b"user default on sanitize-payload #%b ~* &* +@all" % access.password_hash]


@command(
    "ACL GETUSER",
    syntax="username",
    arity=3,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="What one user may do.",
    complexity="O(N), N being the number of the user's rules",
    parse=Args.next,
)
def acl_getuser(ctx: Context, name: bytes) -> Reply:
    if name != USER:
        return None
    access = ctx.engine.access
    is_open = not access.password
    return {
        b"flags": SetOf([b"on", b"nopass", b"sanitize-payload"] if is_open
                        else [b"on", b"sanitize-payload"]),
        b"passwords": [] if is_open else [access.password_hash],
        b"commands": b"+@all",
        b"keys": b"~*",
        b"channels": b"&*",
        b"selectors": [],
    }  # fmt: skip


def parse_acl_cat(args: Args) -> str | None:
    if len(args) > 1:
        raise _too_many(args)
    if not args:
        return None
    name = args.next()
    category = name.lower().decode("latin-1")
    if category not in CATEGORIES:
        raise errors.fail(errors.ACL_CATEGORY_UNKNOWN, name=name)
    return category


@command(
    "ACL CAT",
    syntax="[category]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="The categories of commands, or the commands of one.",
    complexity="O(N), N being the number of commands",
    parse=parse_acl_cat,
)
def acl_cat(ctx: Context, category: str | None) -> Reply:
    names = CATEGORIES if category is None else commands_in(category)
    return [name.encode() for name in names]


def parse_acl_genpass(args: Args) -> int:
    if len(args) > 1:
        raise _too_many(args)
    if not args:
        return DEFAULT_PASSWORD_BITS
    bits = args.integer()
    if not 0 < bits <= MAX_PASSWORD_BITS:
        raise errors.fail(errors.ACL_GENPASS_BITS)
    return bits


@command(
    "ACL GENPASS",
    syntax="[bits]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="Make up a password nobody can guess.",
    parse=parse_acl_genpass,
)
def acl_genpass(ctx: Context, bits: int) -> Reply:
    """Reply with hexadecimal digits, four bits each, rounded up."""
    digits = (bits + 3) // 4
    return os.urandom((digits + 1) // 2).hex()[:digits].encode()


RESET = -1


def parse_acl_log(args: Args) -> int:
    """Return how many entries are wanted, or RESET."""
    if len(args) > 1:
        raise _too_many(args)
    if not args:
        return SHOWN_BY_DEFAULT
    if args.flag(b"RESET"):
        return RESET
    return max(0, args.integer())


@command(
    "ACL LOG",
    syntax="[count | RESET]",
    arity=-2,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="Who was refused lately, the latest first.",
    complexity="O(N), N being the number of entries shown",
    history=(("7.2.0", "Entries have an ID and the times they were made and changed."),),
    parse=parse_acl_log,
)
def acl_log(ctx: Context, count: int) -> Reply:
    refusals = ctx.engine.access.refusals
    if count == RESET:
        refusals.clear()
        return OK
    return [_log_entry(refusal, ctx.now_ms) for refusal in list(refusals)[:count]]


def _log_entry(refusal: Refusal, now_ms: int) -> Reply:
    age_s = max(0, now_ms - refusal.created_ms) / 1000
    return {
        b"count": refusal.count,
        b"reason": b"auth",
        b"context": b"toplevel",
        b"object": refusal.command,
        b"username": refusal.user,
        b"age-seconds": Double(f"{age_s:.3f}".rstrip("0").rstrip(".").encode()),
        b"client-info": refusal.client,
        b"entry-id": refusal.id,
        b"timestamp-created": refusal.created_ms,
        b"timestamp-last-updated": refusal.updated_ms,
    }


@command(
    "ACL SETUSER",
    syntax="username [rule [rule ...]]",
    arity=-3,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="Refused: there is only the default user.",
    complexity="O(N), N being the number of rules",
    tips=TO_ALL_NODES,
)
def acl_setuser(ctx: Context, asked: None) -> Reply:
    raise errors.fail(errors.ACL_ONE_USER)


@command(
    "ACL DELUSER",
    syntax="username [username ...]",
    arity=-3,
    group=GROUP,
    flags=ADMIN,
    since="6.0.0",
    summary="Delete users; the only one there is cannot be deleted.",
    tips=TO_ALL_NODES,
    parse=Args.rest,
)
def acl_deluser(ctx: Context, names: list[bytes]) -> Reply:
    if USER in names:
        raise errors.fail(errors.ACL_DEFAULT_STAYS)
    return 0


@command(
    "ACL DRYRUN",
    syntax="username command [arg [arg ...]]",
    arity=-4,
    group=GROUP,
    flags=ADMIN,
    since="7.0.0",
    summary="Tell whether a user may run a command, without running it.",
    parse=Args.rest,
)
def acl_dryrun(ctx: Context, words: list[bytes]) -> Reply:
    if words[0] != USER:
        raise errors.fail(errors.ACL_USER_NOT_FOUND, name=words[0])
    row = TABLE.get(words[1].lower().decode("latin-1"))
    request = words[1:]
    if row is not None and row.subcommands and len(request) > 1:
        row = row.subcommands.get(request[1].upper())
    if row is None or "|" in words[1].decode("latin-1"):
        raise errors.fail(errors.ACL_COMMAND_NOT_FOUND, name=words[1])
    if not row.takes(len(request)):
        raise errors.fail(errors.ARITY, command=row.name)
    return OK


def _no_file(ctx: Context, asked: None) -> Reply:
    raise errors.fail(errors.ACL_NO_FILE)


for _name, _summary in (
    ("ACL SAVE", "Refused: there is no ACL file to write."),
    ("ACL LOAD", "Refused: there is no ACL file to read."),
):
    command(
        _name,
        arity=2,
        group=GROUP,
        flags=ADMIN,
        since="6.0.0",
        summary=_summary,
        complexity="O(N), N being the number of users",
        tips=TO_ALL_NODES if _name == "ACL SAVE" else (),
    )(_no_file)

help_command(
    "ACL",
    (
        "CAT [<category>]",
        "    The categories, or the commands of one.",
        "DELUSER <username> [<username> ...]",
        "    Delete users; default cannot be deleted.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Whether a user may run a command.",
        "GENPASS [<bits>]",
        "    A random password.",
        "GETUSER <username>",
        "    What a user may do.",
        "LIST",
        "    All users with their rules.",
        "LOAD",
        "    Refused: there is no ACL file.",
        "LOG [<count> | RESET]",
        "    Who was refused, or forget it.",
        "SAVE",
        "    Refused: there is no ACL file.",
        "SETUSER <username> [<rule> ...]",
        "    Refused: there is only the default user, and its password is requirepass.",
        "USERS",
        "    The names of all users.",
        "WHOAMI",
        "    The user this connection acts as.",
    ),
    group=GROUP,
    since="6.0.0",
)
