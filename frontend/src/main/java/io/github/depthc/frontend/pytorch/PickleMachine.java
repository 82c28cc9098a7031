// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import io.github.depthc.frontend.pytorch.Pickled.Array;
import io.github.depthc.frontend.pytorch.Pickled.Dict;
import io.github.depthc.frontend.pytorch.Pickled.Name;
import io.github.depthc.frontend.pytorch.Pickled.Other;
import io.github.depthc.frontend.pytorch.Pickled.Storage;
import io.github.depthc.frontend.pytorch.Pickled.Tensor;
import io.github.depthc.frontend.pytorch.Pickled.Text;
import io.github.depthc.frontend.pytorch.Pickled.Tuple;
import io.github.depthc.frontend.pytorch.Pickled.Whole;
import io.github.depthc.ir.InputException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs a pickle of protocol 2 to 5 as far as descriptions of tensors need it (Python's {@code pickletools.py} defines the instructions). Calls are
 * those of {@link Global}; everything else is an {@link InputException} that says what was asked for.
 */
final class PickleMachine {
    private static final int MAX_VALUES = 1_000_000;
    private static final int MAX_LINE = 300;
    private static final int MAX_TUPLE = 7;
    /** Instructions that real pickles have and these need not, with the names that they are known by. */
    private static final Map<Integer, String> REFUSED = Map.ofEntries(Map.entry((int) 'i', "INST"), Map.entry((int) 'o', "OBJ"), Map.entry((int) 'P', "PERSID"),
            Map.entry(0x81, "NEWOBJ"), Map.entry(0x92, "NEWOBJ_EX"), Map.entry(0x82, "EXT1"), Map.entry(0x83, "EXT2"), Map.entry(0x84, "EXT4"),
            Map.entry(0x96, "BYTEARRAY8"), Map.entry(0x97, "NEXT_BUFFER"), Map.entry((int) 'B', "BINBYTES"), Map.entry((int) 'C', "SHORT_BINBYTES"),
            Map.entry((int) '0', "POP"), Map.entry((int) '1', "POP_MARK"), Map.entry((int) '2', "DUP"), Map.entry(0x8f, "EMPTY_SET"));

    private final String where;
    private final ByteBuffer in;
    private final List<Pickled> stack = new ArrayList<>();
    /** Sizes of the stack at the marks. */
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Integer, Pickled> memo = new HashMap<>();
    private int values;
    /** Where the instruction that runs begins. */
    private int at;

    private PickleMachine(byte[] pickle, String where) {
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
        this.where = where;
    }

    /**
     * The value that a pickle describes.
     *
     * @param where file and entry, for messages
     */
    static Pickled run(byte[] pickle, String where) {
        return new PickleMachine(pickle, where).run();
    }

    private Pickled run() {
        try {
            while (true) {
                at = in.position();
                int opcode = u8();
                if (opcode == '.') {
                    return pop();
                }
                step(opcode);
            }
        } catch (BufferUnderflowException e) {
            throw new InputException(where + ": the pickle ends in the middle of an instruction (was the download cut short?)", e);
        }
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(u8());
            case 0x95 -> in.getLong();
            case '(' -> mark();
            case 'N' -> push(Other.NONE);
            case 0x88, 0x89 -> push(Other.BOOLEAN);
            case 'G' -> {
                in.getDouble();
                push(Other.FLOAT);
            }
            case 'J' -> push(new Whole(in.getInt()));
            case 'K' -> push(new Whole(u8()));
            case 'M' -> push(new Whole(Short.toUnsignedInt(in.getShort())));
            case 0x8a -> push(new Whole(longOf(u8())));
            case 'X' -> push(text(Integer.toUnsignedLong(in.getInt())));
            case 0x8c -> push(text(u8()));
            case 0x8d -> push(text(in.getLong()));
            case '}' -> push(new Dict());
            case ']' -> push(new Array());
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(List.copyOf(toMark())));
            case 0x85 -> push(new Tuple(List.of(pop())));
            case 0x86 -> push(new Tuple(popped(2)));
            case 0x87 -> push(new Tuple(popped(3)));
            case 'a' -> {
                pop();
                top(Array.class);
            }
            case 'e' -> {
                toMark();
                top(Array.class);
            }
            case 's' -> setItems(popped(2));
            case 'u' -> setItems(toMark());
            case 'q' -> memoize(u8());
            case 'r' -> memoize(in.getInt());
            case 0x94 -> memoize(memo.size());
            case 'h' -> push(remembered(u8()));
            case 'j' -> push(remembered(in.getInt()));
            case 'c' -> push(global(line(), line()));
            case 0x93 -> {
                List<Pickled> names = popped(2);
                push(global(string(names.get(0)), string(names.get(1))));
            }
            case 'Q' -> push(storage(pop()));
            case 'R' -> {
                List<Pickled> call = popped(2);
                push(call(call.get(0), call.get(1)));
            }
            // The attributes of an ordered dict, such as a module's versions: not needed.
            case 'b' -> {
                pop();
                top(Dict.class);
            }
            default -> throw error("uses the instruction " + REFUSED.getOrDefault(opcode, "0x" + Integer.toHexString(opcode))
                    + ", which a map of tensors does not need; nothing of it was run");
        }
    }

    private void protocol(int version) {
        if (version < 2 || version > 5) {
            throw error("is of pickle protocol " + version + ", expected 2 to 5");
        }
    }

    private int u8() {
        return Byte.toUnsignedInt(in.get());
    }

    /** A little-endian integer of so many bytes. */
    private long longOf(int bytes) {
        if (bytes > Long.BYTES) {
            throw error("has an integer of " + bytes + " bytes, expected at most " + Long.BYTES);
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) u8() << 8 * i;
        }
        int unused = Long.SIZE - 8 * bytes;
        return bytes == 0 ? 0 : value << unused >> unused;
    }

    private Text text(long bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = in.slice(in.position(), (int) bytes);
        in.position(in.position() + (int) bytes);
        try {
            return new Text(StandardCharsets.UTF_8.newDecoder().decode(part).toString());
        } catch (CharacterCodingException e) {
            throw new InputException(where + ": a string at byte " + at + " of the pickle is not UTF-8", e);
        }
    }

    private String line() {
        var text = new StringBuilder();
        for (int c = u8(); c != '\n'; c = u8()) {
            if (text.length() == MAX_LINE) {
                throw error("has a name of more than " + MAX_LINE + " characters");
            }
            text.append((char) c);
        }
        return text.toString();
    }

    private void push(Pickled value) {
        if (++values > MAX_VALUES) {
            throw error("has more than " + MAX_VALUES + " values");
        }
        stack.add(value);
    }

    private void mark() {
        if (++values > MAX_VALUES) {
            throw error("has more than " + MAX_VALUES + " values");
        }
        marks.add(stack.size());
    }

    private Pickled pop() {
        if (stack.size() <= (marks.isEmpty() ? 0 : marks.getLast())) {
            throw error("takes a value that is not there");
        }
        return stack.removeLast();
    }

    private List<Pickled> popped(int count) {
        var items = new Pickled[count];
        for (int i = count - 1; i >= 0; i--) {
            items[i] = pop();
        }
        return List.of(items);
    }

    private List<Pickled> toMark() {
        if (marks.isEmpty()) {
            throw error("takes values up to a mark that is not there");
        }
        List<Pickled> above = stack.subList(marks.removeLast(), stack.size());
        List<Pickled> items = List.copyOf(above);
        above.clear();
        return items;
    }

    private <T extends Pickled> T top(Class<T> expected) {
        Pickled value = pop();
        stack.add(value);
        if (!expected.isInstance(value)) {
            throw error("has " + value.kind() + " where " + (expected == Dict.class ? "a dict" : "a list") + " was expected");
        }
        return expected.cast(value);
    }

    private void setItems(List<Pickled> items) {
        if (items.size() % 2 != 0) {
            throw error("has a key without a value");
        }
        Dict dict = top(Dict.class);
        for (int i = 0; i < items.size(); i += 2) {
            if (items.get(i) instanceof Text key) {
                dict.put(key.text(), items.get(i + 1));
            } else if (items.get(i + 1) instanceof Tensor) {
                throw error("has a tensor under " + items.get(i).kind() + ", expected a name, a string");
            }
        }
    }

    private void memoize(int key) {
        Pickled value = pop();
        stack.add(value);
        memo.put(key, value);
    }

    private Pickled remembered(int key) {
        Pickled value = memo.get(key);
        if (value == null) {
            throw error("takes value " + Integer.toUnsignedString(key) + " from its memory, which has none there");
        }
        return value;
    }

    private Name global(String module, String member) {
        boolean tensors = module.equals("torch") && member.endsWith("Storage") || module.equals("torch._utils") && member.startsWith("_rebuild_");
        return new Name(Global.of(module, member).orElseThrow(() -> error("asks for " + Shown.of(module + "." + member) + (tensors
                ? ", a kind of tensor that is not supported; expected dense ones of floats of 16, 32 or 64 bits, or of integers"
                : ", which tensors do not need and which could run code; nothing of it was run. If you trust the file, save its tensors anew in Python, as safetensors"))));
    }

    /** A persistent id of {@code torch.save}: {@code ("storage", type, key, device, elements)}. */
    private Storage storage(Pickled id) {
        List<Pickled> items = items(id);
        if (items.size() < 5 || items.size() > 6 || !string(items.get(0)).equals("storage") || !(items.get(1) instanceof Name(Global type))) {
            throw error("has a persistent id that is no storage");
        }
        return new Storage(type.storage().orElseThrow(() -> error("has a storage of the type " + type.fullName())), string(items.get(2)), whole(items.get(4)));
    }

    private Pickled call(Pickled function, Pickled arguments) {
        List<Pickled> given = items(arguments);
        if (!(function instanceof Name(Global global)) || given.size() > MAX_TUPLE) {
            throw error("calls " + function.kind() + ", expected one of the functions that rebuild tensors");
        }
        return switch (global) {
            case ORDERED_DICT -> {
                if (!given.isEmpty()) {
                    throw error("makes an OrderedDict of " + given.getFirst().kind() + ", expected an empty one");
                }
                yield new Dict();
            }
            case REBUILD_TENSOR -> tensor(given);
            case REBUILD_PARAMETER -> {
                if (given.isEmpty() || !(given.getFirst() instanceof Tensor tensor)) {
                    throw error("makes a parameter of what is no tensor");
                }
                yield tensor;
            }
            default -> throw error("calls " + global.fullName() + ", which is no function that rebuilds tensors");
        };
    }

    /** Of {@code (storage, offset, sizes, strides, requires_grad, hooks, …)}. */
    private Tensor tensor(List<Pickled> given) {
        if (given.size() < 4 || !(given.getFirst() instanceof Storage storage)) {
            throw error("makes a tensor of what is no storage");
        }
        return new Tensor(storage, whole(given.get(1)), wholes(given.get(2)), wholes(given.get(3)));
    }

    private List<Pickled> items(Pickled value) {
        if (!(value instanceof Tuple(List<Pickled> items))) {
            throw error("has " + value.kind() + " where a tuple was expected");
        }
        return items;
    }

    private String string(Pickled value) {
        if (!(value instanceof Text(String text))) {
            throw error("has " + value.kind() + " where a string was expected");
        }
        return text;
    }

    private long whole(Pickled value) {
        if (!(value instanceof Whole(long number))) {
            throw error("has " + value.kind() + " where an integer was expected");
        }
        return number;
    }

    private List<Long> wholes(Pickled tuple) {
        return items(tuple).stream().map(this::whole).toList();
    }

    private InputException error(String what) {
        return new InputException(where + ": the pickle " + what + " (at byte " + at + ")");
    }
}
