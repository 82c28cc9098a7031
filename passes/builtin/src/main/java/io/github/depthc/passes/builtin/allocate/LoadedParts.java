// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.lower.LowerMod;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * The parts of a model that are loaded: as many as are allowed where the whole model is no more than that, and the least recently used
 * go first; else one at a time, for layers that run in turn would drive each other out before they are wanted again.
 */
final class LoadedParts implements AutoCloseable {
    private static final Object HEAD = "head";

    private final Model model;
    private final PassContext context;
    private final Optional<Region> head;
    private final long room;
    private final SequencedMap<Object, Sized> loaded = new LinkedHashMap<>();
    private long bytes;

    /** A decoder or a head, whichever it is. */
    private record Loaded(Executor.Decoder decoder, Executor.Program head) {
        void close() {
            if (decoder != null) {
                decoder.close();
            } else {
                head.close();
            }
        }
    }

    /** The content of a part of which the last token alone is wanted. */
    private record ForLast(Object content) {
    }

    /** What is loaded, and the bytes of its weights. */
    private record Sized(Loaded part, long bytes) {
    }

    /**
     * @param most bytes of weights in F32 that may be loaded, unless one part alone has more
     */
    LoadedParts(Model model, PassContext context, long most) {
        this.model = model;
        this.context = context;
        this.head = model.encoder() ? Optional.empty() : Optional.of(DecoderPart.head(model));
        this.room = bytes(model.graph()) <= most ? most : 0;
    }

    /** Whether more than one part is loaded at a time. */
    boolean several() {
        return room > 0;
    }

    /** Bytes of weights in F32 that the dense model has loaded at once. */
    long most() {
        if (several()) {
            return bytes(model.graph());
        }
        long ends = Math.max(head.map(LoadedParts::bytes).orElse(0L), bytes(DecoderPart.embedding(model)));
        return DecoderPart.of(model).stream().mapToLong(p -> bytes(p.model().graph())).reduce(ends, Math::max);
    }

    /** Some layers, as a decoder that computes every token. */
    Executor.Decoder decoder(DecoderPart part) {
        return loaded(part.content(), part.model().graph(), () -> {
            if (!(new LowerMod().run(part.model(), new NoOptions(), context.quiet()) instanceof Outcome.Changed lowered)) {
                throw new IllegalStateException("a part without layers");
            }
            return new Loaded(context.executor().decoder(lowered.model()), null);
        }).decoder;
    }

    /** The last layers, as a decoder that in a prompt computes no more than the last token needs. */
    Executor.Decoder decoderForLast(DecoderPart part) {
        return loaded(new ForLast(part.content()), part.model().graph(), () -> new Loaded(context.executor().decoder(BuiltinPasses.lowered(part.model())), null)).decoder;
    }

    /** What computes a decoder's logits. */
    Executor.Program head() {
        Region region = head.orElseThrow();
        return loaded(HEAD, region, () -> new Loaded(null, context.executor().compile(region, model.weights()))).head;
    }

    private Loaded loaded(Object content, Region region, Supplier<Loaded> load) {
        Sized found = loaded.remove(content);
        if (found == null) {
            long size = bytes(region);
            makeRoom(size);
            found = new Sized(load.get(), size);
            bytes += size;
        }
        loaded.putLast(content, found);
        return found.part;
    }

    private void makeRoom(long wanted) {
        while (!loaded.isEmpty() && bytes + wanted > room) {
            Sized oldest = loaded.pollFirstEntry().getValue();
            bytes -= oldest.bytes;
            oldest.part.close();
        }
    }

    /** Of weights in F32; one that several nodes name counts for each. */
    private static long bytes(Region region) {
        long bytes = 0;
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Weight) {
                bytes += Arrays.stream(((TensorType) node.result(0).type()).fixedShape()).reduce(DType.F32.bytes(), Math::multiplyExact);
            }
            for (Region inner : node.regions()) {
                bytes += bytes(inner);
            }
        }
        return bytes;
    }

    @Override
    public void close() {
        loaded.values().forEach(l -> l.part.close());
        loaded.clear();
        bytes = 0;
    }
}
