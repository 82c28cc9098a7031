// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.Map;

/** The weights that steps between segments read, each loaded once from the mapped files; they live as long as the GPU is held. */
final class DeviceWeights {
    private final Cuda cuda;
    private final Staging staging;
    private final WeightStore store;
    private final Map<Key, DeviceTensor> loaded = new HashMap<>();

    private record Key(WeightExpr weight, DType as) {
    }

    DeviceWeights(Cuda cuda, Staging staging, WeightStore store) {
        this.cuda = cuda;
        this.staging = staging;
        this.store = store;
    }

    DeviceTensor get(WeightExpr weight, DType as) {
        var key = new Key(weight, as);
        DeviceTensor known = loaded.get(key);
        if (known == null) {
            known = load(weight, as);
            loaded.put(key, known);
        }
        return known;
    }

    private DeviceTensor load(WeightExpr weight, DType as) {
        WeightExpr wanted = weight.type().dtype() == as ? weight : new WeightExpr.Cast(weight, as);
        var tensor = DeviceTensor.of(cuda.allocate(wanted.byteSize()).address(), as, wanted.type());
        var to = new Target(tensor.address());
        try {
            WeightReader.write(wanted, store, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tensor;
    }

    /** Takes a weight's bytes, piece by piece; a piece may be overwritten when it has been taken. */
    private final class Target implements WritableByteChannel {
        private long to;

        Target(long to) {
            this.to = to;
        }

        @Override
        public int write(ByteBuffer piece) {
            MemorySegment bytes = MemorySegment.ofBuffer(piece);
            staging.upload(bytes, to);
            staging.synchronize();
            to += bytes.byteSize();
            piece.position(piece.limit());
            return Math.toIntExact(bytes.byteSize());
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // nothing to close
        }
    }
}
