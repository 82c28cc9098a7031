// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.EqualCopies;
import io.github.depthc.frontend.checkpoint.StoredTensor;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Predicate;

/**
 * The source tensors of one import, and the account of them: each is asked for, declared unused, or an error at the end.
 *
 * <p>Without a checkpoint every tensor that is asked for is taken to exist; the account then is the list of tensors that
 * a checkpoint of this configuration has.
 */
public final class Tensors {
    private static final int NAMES_SHOWN = 3;
    private static final Prefixes WHOLE = Prefixes.of("", "");

    private final String where;
    private final SequencedMap<String, StoredTensor> present;
    private final WeightStore store;
    private final String source;
    private final DType declared;
    private final Prefixes names;
    private final SequencedMap<String, TensorType> taken;
    private Predicate<String> unused = name -> false;

    private Tensors(String where, SequencedMap<String, StoredTensor> present, WeightStore store, String source, DType declared, Prefixes names,
            SequencedMap<String, TensorType> taken) {
        this.where = where;
        this.present = present;
        this.store = store;
        this.source = source;
        this.declared = declared;
        this.names = names;
        this.taken = taken;
    }

    /** Those of a checkpoint. */
    public static Tensors of(Checkpoint checkpoint) {
        return of(checkpoint, Checkpoint.SOURCE);
    }

    /** Those of a checkpoint that is the weights' source of this name. */
    public static Tensors of(Checkpoint checkpoint, String source) {
        return new Tensors(checkpoint.dir().toString(), checkpoint.tensors(), checkpoint, source, null, WHOLE, new LinkedHashMap<>());
    }

    /** Those that a configuration alone implies, all of this element type. */
    public static Tensors declared(DType dtype) {
        if (!dtype.isFloat()) {
            throw new IllegalArgumentException(dtype + " is no floating point type");
        }
        return new Tensors("", Collections.unmodifiableSequencedMap(new LinkedHashMap<>()), WeightStore.EMPTY, Checkpoint.SOURCE, dtype, WHOLE,
                new LinkedHashMap<>());
    }

    /**
     * The tensors of one part of a checkpoint, under the names that the part's builder asks for. Those of other parts are none of its
     * account.
     */
    public Tensors part(Prefixes prefixes) {
        return new Tensors(where, present, store, source, declared, prefixes, taken);
    }

    /** True if there are no bytes behind the names. */
    public boolean withoutCheckpoint() {
        return declared != null;
    }

    /** True if the tensor is there; without a checkpoint it always is. */
    public boolean has(String name) {
        return withoutCheckpoint() || present.containsKey(names.stored(name));
    }

    /** The tensor of this name, which must be floating point and of this shape. */
    public WeightExpr.Stored weight(String asked, long... shape) {
        String name = names.stored(asked);
        TensorType type = withoutCheckpoint() ? TensorType.fixed(declared, shape) : checked(name, shape);
        taken.put(name, type);
        return new WeightExpr.Stored(source, name, type);
    }

    /**
     * The first of several copies of one tensor; an {@link InputException} names two that differ. Not without a checkpoint.
     *
     * @param expected why they should be equal, for the message
     */
    public WeightExpr.Stored oneOf(List<WeightExpr.Stored> copies, String expected) {
        return EqualCopies.first(copies, store, expected);
    }

    /** The elements of a small tensor, finite all; empty without a checkpoint. */
    public Optional<float[]> floats(WeightExpr.Stored weight) {
        if (withoutCheckpoint()) {
            return Optional.empty();
        }
        float[] values = WeightReader.floats(weight, store);
        for (float v : values) {
            if (!Float.isFinite(v)) {
                throw new InputException(store.find(weight).where() + ": tensor \"" + weight.name() + "\" has the value " + v
                        + ", expected finite numbers; the file is damaged or its training diverged");
            }
        }
        return Optional.of(values);
    }

    /** Declares tensors that this decoder does not need. */
    public void unused(Predicate<String> names) {
        unused = unused.or(names);
    }

    /** The tensors asked for so far, in that order. */
    public SequencedMap<String, TensorType> taken() {
        return Collections.unmodifiableSequencedMap(taken);
    }

    /** Ends the account: an {@link InputException} names tensors that are neither asked for nor declared unused. */
    public void finish(String architecture) {
        finishPart("a " + architecture + " decoder");
    }

    /** As {@link #finish}, of a part in these words. */
    public void finishPart(String what) {
        List<String> left = present.keySet().stream().filter(n -> !taken.containsKey(n) && names.asked(n).filter(a -> !unused.test(a)).isPresent()).toList();
        if (!left.isEmpty()) {
            String first = present.get(left.getFirst()).file() + ": tensor \"" + left.getFirst() + "\" ";
            String others = left.size() == 1 ? "" : "(and " + (left.size() - 1) + " more: "
                    + String.join(", ", left.subList(1, Math.min(left.size(), 1 + NAMES_SHOWN)))
                    + (left.size() > 1 + NAMES_SHOWN ? ", …" : "") + ") ";
            throw new InputException(first + others + "is not part of " + what + " of this config.json;"
                    + " it would be lost, so check that config.json and weights belong together");
        }
    }

    private TensorType checked(String name, long... shape) {
        StoredTensor tensor = present.get(name);
        if (tensor == null) {
            throw new InputException(where + ": tensor \"" + name + "\" is missing, expected one of shape " + Arrays.toString(shape)
                    + "; the checkpoint is incomplete or does not belong to its config.json");
        }
        TensorType type = tensor.type();
        if (!type.dtype().isFloat() || !Arrays.equals(type.fixedShape(), shape)) {
            throw new InputException(tensor.file() + ": tensor \"" + name + "\" is " + type + ", expected floating point "
                    + Arrays.toString(shape) + " by config.json");
        }
        return type;
    }
}
