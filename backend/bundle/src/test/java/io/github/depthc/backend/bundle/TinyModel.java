// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** A decoder of one layer with random weights in one file, one of which the graph takes transposed. */
final class TinyModel {
    private static final String TEXT = """
            depthc.mir 1
            model "tiny" {architecture="llama", layers=1, hidden=8, heads=2, kvHeads=1, headDim=4, intermediate=12, vocab=16, context=64}
            graph(%input_ids: i64[tokens], %position_ids: i64[tokens], %rows: rows[tokens], %logits_at: i64[outputs], %cache.0: cache<1x4>) {
              %table = weight @checkpoint:"embed" : DTYPE[16, 8]
              %x = embedding(%input_ids, %table) : f32[tokens, 8]
              %wq = weight @checkpoint:"q" : DTYPE[8, 8]
              %q = linear(%x, %wq) : f32[tokens, 8]
              %wk = weight slice(@checkpoint:"kv" : DTYPE[8, 8], axis=0, begin=0, end=4) : DTYPE[4, 8]
              %k = linear(%x, %wk) : f32[tokens, 4]
              %wv = weight transpose(@checkpoint:"v" : DTYPE[8, 4], axes=[1, 0]) : DTYPE[4, 8]
              %v = linear(%x, %wv) : f32[tokens, 4]
              %a, %c = attention{heads=2, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=0}(%q, %k, %v, %rows, %rows, %cache.0) : f32[tokens, 8], cache<1x4>
              %y = residual{branch=attention}(%x, %a) : f32[tokens, 8]
              %last = gather_rows(%y, %logits_at) : f32[outputs, 8]
              %logits = linear(%last, %table) : f32[outputs, 16]
              yield %logits, %c
            }
            """;

    private TinyModel() {
    }

    /** The model; its weights' file is {@code tiny.safetensors} in this folder. */
    static Model of(Path dir, DType dtype) throws IOException {
        SourceText text = new SourceText("tiny", TEXT.replace("DTYPE", dtype.text()));
        Model model = Parser.model(text, BuiltinOps.SET, WeightStore.EMPTY);
        return model.withWeights(store(dir.resolve("tiny.safetensors"), model, dtype));
    }

    /** Overwrites one element of the weights' file and gives its bytes of before. */
    static byte[] poke(Path dir, long at, DType dtype, double value) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F64 -> bytes.putDouble(value);
            case F32 -> bytes.putFloat((float) value);
            case F16 -> bytes.putShort(Float.floatToFloat16((float) value));
            default -> bytes.putShort((short) (Float.floatToRawIntBits((float) value) >>> 16));
        }
        byte[] old = new byte[dtype.bytes()];
        try (FileChannel c = FileChannel.open(dir.resolve("tiny.safetensors"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            c.read(ByteBuffer.wrap(old), at);
            c.write(bytes.flip(), at);
        }
        return old;
    }

    /** Puts back what {@link #poke} gave. */
    static void restore(Path dir, long at, byte[] old) throws IOException {
        try (FileChannel c = FileChannel.open(dir.resolve("tiny.safetensors"), StandardOpenOption.WRITE)) {
            c.write(ByteBuffer.wrap(old), at);
        }
    }

    private static WeightStore store(Path file, Model model, DType dtype) throws IOException {
        Map<String, Long> offsets = new HashMap<>();
        long size = 8; // weights rarely begin at a file's first byte
        for (var node : model.nodes(Weight.class)) {
            for (WeightExpr.Stored leaf : WeightStore.leaves(((Weight) node.kind()).expr())) {
                if (offsets.putIfAbsent(leaf.name(), size) == null) {
                    size += leaf.byteSize();
                }
            }
        }
        byte[] bytes = new byte[(int) size];
        new Random(1).nextBytes(bytes);
        // Exponents of random bits would be anything; clear the sign and top exponent bits to stay below two.
        for (int i = 8 + dtype.bytes() - 1; i < size; i += dtype.bytes()) {
            bytes[i] &= 0x3f;
        }
        Files.write(file, bytes);
        MemorySegment mapped;
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.READ)) {
            mapped = c.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto());
        }
        return weight -> {
            if (!Files.exists(file)) {
                throw new UncheckedIOException(new IOException(file + " is gone"));
            }
            long at = offsets.get(weight.name());
            return new WeightStore.Extent(file, at, mapped.asSlice(at, weight.byteSize()));
        };
    }
}
