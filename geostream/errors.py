"""Every error line a client can see.

The first word is the code clients match on; the rest is compared with a real
server's reply in tests/differential. This module imports nothing of ours.

Rows that hold user data are filled in by ``fail``; a line break in such data
becomes a space, because an error is one line.
"""

from __future__ import annotations

ARITY = "ERR wrong number of arguments for '{command}' command"
SYNTAX = "ERR syntax error"
NOT_AN_INTEGER = "ERR value is not an integer or out of range"
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
NO_SUCH_KEY = "ERR no such key"


class CommandError(Exception):
    """The reply ``-CODE text``: the client's mistake, not ours."""

    def __init__(self, line: bytes) -> None:
        super().__init__(line)
        self.line = line  # without the leading minus, without CR LF


class ProtocolError(Exception):
    """The peer broke the protocol: answer with ``-line``, then hang up.

    An empty line is not sent.
    """

    def __init__(self, line: bytes) -> None:
        super().__init__(line)
        self.line = line


def fail(text: str, **values: bytes | str | int) -> CommandError:
    """Return one row of the table as an error to raise, placeholders filled in.

    Bytes go into the line as they are, but for CR and LF, which become spaces; at either
    end of the line they are left out.
    """
    if not values:
        return CommandError(text.encode())
    shown = {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in values.items()
    }
    line = text.format(**shown).strip("\r\n").replace("\r", " ").replace("\n", " ")
    return CommandError(line.encode("latin-1"))


# --- dispatch

UNKNOWN_COMMAND = "ERR unknown command '{name}'"
UNKNOWN_COMMAND_ARGS = "ERR unknown command '{name}', with args beginning with: {args}"
UNKNOWN_SUBCOMMAND = "ERR unknown subcommand '{name}'. Try {container} HELP."
SUBCOMMAND_SYNTAX = (
    "ERR unknown subcommand or wrong number of arguments for '{name}'. Try {container} HELP."
)
NO_AUTH = "NOAUTH Authentication required."
NOT_IN_MULTI = "ERR Command not allowed inside a transaction"
LOADING = "LOADING Redis is loading the dataset in memory"
OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
SUBSCRIBER_CONTEXT = (
    "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET"
    " are allowed in this context"
)
FAULT = "ERR internal error, see the server's log"

# --- streams

ID_INVALID = "ERR Invalid stream ID specified as stream command argument"
ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0"
ID_TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
IDS_EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items"
ENTRY_TOO_LARGE = "ERR Elements are too large to be stored"

# --- protocol: the connection is closed after any of these

TOO_BIG_INLINE = "ERR Protocol error: too big inline request"
TOO_BIG_COUNT = "ERR Protocol error: too big mbulk count string"
TOO_BIG_LENGTH = "ERR Protocol error: too big bulk count string"
TOO_BIG_REQUEST = "ERR Protocol error: request too big"
UNBALANCED_QUOTES = "ERR Protocol error: unbalanced quotes in request"
INVALID_COUNT = "ERR Protocol error: invalid multibulk length"
INVALID_LENGTH = "ERR Protocol error: invalid bulk length"
EXPECTED_BULK = "ERR Protocol error: expected '$', got '{got}'"
UNAUTHENTICATED_COUNT = "ERR Protocol error: unauthenticated multibulk length"
UNAUTHENTICATED_LENGTH = "ERR Protocol error: unauthenticated bulk length"
INVALID_START = "ERR invalid start ID for the interval"
INVALID_END = "ERR invalid end ID for the interval"
NO_GROUP_FOR_KEY = "NOGROUP No such key '{key}' or consumer group '{group}'"
NO_GROUP = "NOGROUP No such consumer group '{group}' for key name '{key}'"
NO_GROUP_TO_READ = (
    "NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option"
)

# --- reads of streams

UNBALANCED_XREAD = (
    "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be"
    " specified."
)
UNBALANCED_XREADGROUP = (
    "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be"
    " specified."
)
GROUP_MISSING = "ERR Missing GROUP option for XREADGROUP"
ONLY_XREADGROUP = (
    "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
)
ID_MEANINGLESS = (
    "ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of"
    " this consumer by specifying a proper ID, or use the > ID to get new messages. The {id} ID"
    " would just return an empty result set."
)
TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range"
TIMEOUT_NEGATIVE = "ERR timeout is negative"
TIMEOUT_OUT_OF_RANGE = "ERR timeout is out of range"
CLAIM_NOT_AN_INTEGER = "ERR min-idle-time is not an integer or out of range"
CLAIM_NEGATIVE = "ERR min-idle-time must be a positive integer"
MAXCOUNT_NOT_POSITIVE = "ERR MAXCOUNT must be a positive integer"
MAXCOUNT_BELOW_COUNT = "ERR MAXCOUNT must not be smaller than COUNT"
MAXSIZE_NOT_POSITIVE = "ERR MAXSIZE must be a positive integer"

# --- consumer groups

GROUP_NEEDS_KEY = (
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to"
    " use the MKSTREAM option to create an empty stream automatically."
)
GROUP_EXISTS = "BUSYGROUP Consumer Group name already exists"
ENTRIES_READ_NEGATIVE = "ERR value for ENTRIESREAD must be positive or -1"
CLAIM_OPTION_INVALID = "ERR Invalid {option} option argument for XCLAIM"
CLAIM_OPTION_UNKNOWN = "ERR Unrecognized XCLAIM option '{option}'"
MIN_IDLE_INVALID = "ERR Invalid min-idle-time argument for {command}"
AUTOCLAIM_COUNT = "ERR COUNT must be > 0"
NACK_MODE = "ERR mode must be SILENT, FAIL, or FATAL"
NACK_NUMIDS = "ERR numids must be a positive integer"
NACK_TOO_FEW_IDS = "ERR number of IDs doesn't match numids"
NACK_RETRYCOUNT = "ERR Invalid RETRYCOUNT value, must be >= 0"
NACK_OPTION_UNKNOWN = "ERR Unrecognized XNACK option '{option}'"
NACK_NEEDS_IDS = "ERR syntax error, expected IDS keyword"
LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0."
MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0."
TWO_STRATEGIES = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
LIMIT_WITHOUT_STRATEGY = (
    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
)
LIMIT_WITHOUT_TILDE = "ERR syntax error, LIMIT cannot be used without the special ~ option"
STRATEGY_MISSING = "ERR syntax error, XTRIM must be called with a trimming strategy"
IDMP_TWICE = "ERR syntax error, IDMP/IDMPAUTO specified multiple times"
IDMP_EMPTY_PID = "ERR syntax error, {option} requires a non-empty producer ID"
IDMP_EMPTY_IID = "ERR syntax error, IDMP requires a non-empty idempotent ID"
IDMP_NOT_AUTO = "ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs"
SETID_BELOW_GIVEN_DELETED = (
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
)
SETID_BELOW_DELETED = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
SETID_BELOW_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item"
SETID_FEWER_ADDED = (
    "ERR The entries_added specified in XSETID is smaller than the target stream length"
)
ENTRIES_ADDED_NEGATIVE = "ERR entries_added must be positive"
IDMP_SET_TWICE = "ERR {option} specified multiple times"
IDMP_DURATION_RANGE = "ERR IDMP-DURATION must be between 1 and 86400 seconds"
IDMP_MAXSIZE_RANGE = "ERR IDMP-MAXSIZE must be between 1 and 10000 entries"
IDMP_NOTHING_SET = "ERR At least one parameter must be specified"
RECORD_EMPTY_PID = "ERR producer ID must be non-empty"
RECORD_EMPTY_IID = "ERR idempotent ID must be non-empty"
RECORD_NO_MESSAGE = "ERR No such message in stream"
RECORD_OTHER_ID = "ERR IID already exists for this producer with a different stream ID"
GREATER_OUTSIDE_GROUP = (
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group>"
    " <consumer> option."
)

# --- server, configuration, introspection

NO_PERSISTENCE = "ERR this server has no persistence configured: nothing can be saved to disk"
SAVE_IN_PROGRESS = "ERR Background save already in progress"
BGSAVE_IN_ANOTHER = (
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in"
    " order to schedule a BGSAVE whenever possible."
)
REWRITE_IN_PROGRESS = "ERR Background append only file rewriting already in progress"
NO_APPEND_ONLY_FILE = "ERR this server has no append-only file: CONFIG SET appendonly yes makes one"
SAVE_FAILED = "ERR saving failed: {reason}"
RELOAD_FAILED = "ERR Error trying to load the append-only file: {reason}"
SHUTDOWN_FAILED = "ERR Errors trying to SHUTDOWN. Check logs."
DISK_FAILS = (
    "MISCONF Errors writing to the disk ({plugin}): {reason}. Writes are refused until it recovers."
)
NOT_ON_DISK = (
    "MISCONF Errors writing to the disk: what this request changed is in memory and not on disk yet"
)
SNAPSHOT_FAILS = (
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to"
    " disk. Commands that may modify the data set are disabled, because this instance is"
    " configured to report errors during writes if RDB snapshotting fails"
    " (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB"
    " error."
)
NO_REPLICATION = "ERR this server cannot be a replica: replication is not supported"
NO_MASTER_PORT = "ERR Invalid master port"
NO_SHUTDOWN = "ERR No shutdown in progress."
NO_CLUSTER = "ERR This instance has cluster support disabled"
FAILOVER_NEEDS_REPLICAS = "ERR FAILOVER requires connected replicas."
FAILOVER_NONE = "ERR No failover in progress."
FAILOVER_TIMEOUT = "ERR FAILOVER timeout must be greater than 0"
WAITAOF_LOCAL = "ERR value is out of range, value must between 0 and 1"
WAITAOF_REPLICAS = "ERR value is out of range, must be positive"
WAITAOF_NO_AOF = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
FUNCTION_FLUSH = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
FUNCTION_LIST_ARGUMENT = "ERR Unknown argument {argument}"
FUNCTION_LIST_NAME = "ERR library name argument was not given"
SCRIPT_FLUSH = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
NO_CONFIG_FILE = "ERR The server is running without a config file"
CONFIG_UNKNOWN = "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
CONFIG_REFUSED = "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
CONFIG_NOT_WRITTEN = "ERR Rewriting config file: {reason}"
GETKEYS_COMMAND = "ERR Invalid command specified"
GETKEYS_COUNT = "ERR Invalid number of arguments specified for command"
GETKEYS_ARGUMENTS = "ERR Invalid arguments specified for command"
GETKEYS_NO_KEYS = "ERR The command has no key arguments"
DEBUG_DISABLED = (
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can'
    " run it from a local connection, otherwise you need to set this option in the configuration"
    " file, and then restart the server."
)
DEBUG_PROTOCOL = (
    "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|"
    "null|array|set|map|attrib|push|verbatim|true|false"
)
DEBUG_RESP3_ONLY = "ERR RESP2 is not supported by this command"
DEBUG_RELOAD_OPTION = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."
DEBUG_RELOAD_FAILED = "ERR Error trying to load the RDB dump, check server logs."
DEBUG_RELOAD_KEYS_EXIST = (
    "ERR DEBUG RELOAD NOFLUSH finds every key there already; add MERGE to replace them"
)
DEBUG_THRESHOLD = "ERR argument must be a memory value bigger than 1 and smaller than 4gb"

# --- connections, clients, transactions, pub/sub, observation

DB_INDEX_RANGE = "ERR DB index is out of range"
NOT_A_32_BIT_INTEGER = "ERR value is out of range, value must between -2147483648 and 2147483647"
WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."
NO_PASSWORD_SET = (
    "ERR AUTH <password> called without any password configured for the default user."
    " Are you sure your configuration is correct?"
)
PROTOCOL_NOT_AN_INTEGER = "ERR Protocol version is not an integer or out of range"
PROTOCOL_UNSUPPORTED = "NOPROTO unsupported protocol version"
HELLO_OPTION = "ERR Syntax error in HELLO option '{option}'"
HELLO_NO_AUTH = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO"
    " <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP"
    " protocol version at the same time"
)
CLIENT_NAME_INVALID = "ERR Client names cannot contain spaces, newlines or special characters."
CLIENT_ATTRIBUTE_INVALID = "ERR {name} cannot contain spaces, newlines or special characters."
CLIENT_ATTRIBUTE_UNKNOWN = "ERR Unrecognized option '{name}'"
CLIENT_TYPE_UNKNOWN = "ERR Unknown client type '{name}'"
CLIENT_ID_INVALID = "ERR Invalid client ID"
CLIENT_ID_NOT_POSITIVE = "ERR client-id should be greater than 0"
CLIENT_MAX_AGE_INVALID = "ERR maxage is not an integer or out of range"
CLIENT_MAX_AGE_NOT_POSITIVE = "ERR maxage should be greater than 0"
NO_SUCH_CLIENT = "ERR No such client"
NO_SUCH_USER = "ERR No such user '{name}'"
UNBLOCK_REASON = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
PAUSE_MODE = "ERR CLIENT PAUSE mode must be WRITE or ALL"
CACHING_WITHOUT_TRACKING = (
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or"
    " OPTOUT mode enabled"
)
NO_TRACKING = "ERR CLIENT TRACKING is not supported: this server sends no invalidation messages"
MULTI_NESTED = "ERR MULTI calls can not be nested"
WATCH_INSIDE_MULTI = "ERR WATCH inside MULTI is not allowed"
WITHOUT_MULTI = "ERR {command} without MULTI"
EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors."
EXEC_REFUSED = "EXECABORT Transaction discarded because of: {reason}"
MONITOR_INSIDE_MULTI = "ERR MONITOR isn't allowed for DENY BLOCKING client"
MONITOR_ONLY_LOOKS = "ERR Replica can't interact with the keyspace"
SLOWLOG_COUNT = "ERR count should be greater than or equal to -1"
LATENCY_NO_SAMPLES = "ERR No samples available for event '{event}'"
ACL_CATEGORY_UNKNOWN = "ERR Unknown category '{name}'"
ACL_GENPASS_BITS = (
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive"
    " number up to 4096"
)
ACL_DEFAULT_STAYS = "ERR The 'default' user cannot be removed"
ACL_USER_NOT_FOUND = "ERR User '{name}' not found"
ACL_COMMAND_NOT_FOUND = "ERR Command '{name}' not found"
ACL_ONE_USER = (
    "ERR users other than default are not supported; set its password with CONFIG SET requirepass"
)
ACL_NO_FILE = (
    "ERR This server keeps no ACL file: there is only the default user, whose password is"
    " requirepass"
)

# --- keys, expiry, strings

SAME_OBJECT = "ERR source and destination objects are the same"
SWAPDB_FIRST = "ERR invalid first DB index"
SWAPDB_SECOND = "ERR invalid second DB index"
CURSOR_INVALID = "ERR invalid cursor"
SCAN_NOVALUES = "ERR NOVALUES option can only be used in HSCAN"
NO_FREQUENCY = (
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that"
    " when switching between policies at runtime LRU and LFU data will take some time to adjust."
)
EXPIRE_TIME_INVALID = "ERR invalid expire time in '{command}' command"
EXPIRE_OPTION_UNKNOWN = "ERR Unsupported option {option}"
EXPIRE_NX_CONFLICT = "ERR NX and XX, GT or LT options at the same time are not compatible"
EXPIRE_GT_LT_CONFLICT = "ERR GT and LT options at the same time are not compatible"
OFFSET_OUT_OF_RANGE = "ERR offset is out of range"
STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
INCREMENT_OVERFLOW = "ERR increment or decrement would overflow"
DECREMENT_OVERFLOW = "ERR decrement would overflow"
NOT_A_FLOAT = "ERR value is not a valid float"
FLOAT_OVERFLOW = "ERR increment would produce NaN or Infinity"
RESTORE_KEY_EXISTS = "BUSYKEY Target key name already exists."
RESTORE_TTL_NEGATIVE = "ERR Invalid TTL value, must be >= 0"
RESTORE_IDLETIME_NEGATIVE = "ERR Invalid IDLETIME value, must be >= 0"
RESTORE_FREQ_RANGE = "ERR Invalid FREQ value, must be >= 0 and <= 255"
RESTORE_VERSION = "ERR DUMP payload version or checksum are wrong"
RESTORE_FORMAT = "ERR Bad data format"

# --- deleting entries

NUMIDS_NOT_POSITIVE = "ERR Number of IDs must be a positive integer"
NUMIDS_MISMATCH = "ERR The `numids` parameter must match the number of arguments"
IDS_MISSING = "ERR IDS option is required"
