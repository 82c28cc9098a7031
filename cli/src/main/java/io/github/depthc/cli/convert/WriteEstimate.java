// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Units;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Weight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a conversion will take, and a run of what it makes.
 *
 * @param diskBytes   of the bundle
 * @param freeBytes   on the disk where it will be
 * @param convertBytes of memory to convert, less the pages of mapped files, which the system takes back when it needs room
 * @param weightBytes of the weights, as a run on the CPU holds them: in F32 but for quantised ones
 * @param quantized   whether there are such
 * @param cacheBytes  of a KV cache over the whole context, dense
 * @param writeSeconds to write it, by how fast this machine reads and checksums the checkpoint's first bytes
 * @param kernelSeconds to compile the kernels for GPUs, as it took just now; 0 where there are none
 */
public record WriteEstimate(long diskBytes, long freeBytes, long convertBytes, long weightBytes, boolean quantized, long cacheBytes,
        double writeSeconds, double kernelSeconds) {
    /** A convert process, measured: the virtual machine and its heap, and pieces of the weights on their way through. */
    private static final long CONVERT_BYTES = 160L << 20;
    /** What measuring ARank adds, measured: ONNX Runtime and OpenBLAS. */
    private static final long ARANK_BYTES = 70L << 20;
    /** A run process less weights and cache, measured: the virtual machine, ONNX Runtime and the tokenizer. */
    private static final long PROCESS_BYTES = 130L << 20;
    private static final int PROBE = 32 << 20;

    /**
     * The estimate for a conversion.
     *
     * @param spec what the bundle is made of
     * @param disk bytes of the bundle
     * @param free on the disk where it will be
     * @param kernelSeconds that compiling the kernels took
     */
    public static WriteEstimate of(Conversion conversion, BundleSpec spec, long disk, long free, Checkpoint checkpoint, double kernelSeconds) throws IOException {
        ModelInfo m = conversion.lowered().info();
        long weights = weightBytes(Stream.concat(Stream.of(spec.model().graph()), spec.parts().stream().map(BundleSpec.Part::graph)));
        long part = Math.max(weights / m.layers(), (long) m.vocab() * m.hidden() * DType.F32.bytes()); // a layer or the embedding, in memory at a time
        return new WriteEstimate(disk, free, CONVERT_BYTES + (conversion.arank().isPresent() ? ARANK_BYTES + part : 0), weights, !conversion.quantization().isEmpty(),
                2L * DType.F32.bytes() * m.layers() * m.kvHeads() * m.headDim() * m.context(), disk / bytesPerSecond(checkpoint), kernelSeconds);
    }

    /** Bytes of memory that a run takes. */
    public long runBytes() {
        return PROCESS_BYTES + weightBytes + cacheBytes;
    }

    /** Prints it. */
    public void print(Console console) {
        console.line("Disk    " + Units.bytes(diskBytes) + " for the bundle and 1 MiB to spare, " + Units.bytes(freeBytes) + " are free there");
        console.line("Memory  about " + Units.roughBytes(convertBytes) + " to convert, besides mapped files");
        console.line("        about " + Units.roughBytes(runBytes()) + " to run on the CPU: " + Units.roughBytes(PROCESS_BYTES) + " the process itself,");
        console.line("        " + Units.roughBytes(weightBytes) + " the weights" + (quantized ? "" : " in F32") + ", " + Units.roughBytes(cacheBytes) + " the KV cache of a full context, dense");
        console.line("Time    about " + Units.duration(writeSeconds) + " to write, at the rate this machine reads and checksums");
        if (kernelSeconds > 0) {
            console.line("        about " + Units.duration(kernelSeconds) + " to compile the kernels for GPUs, as it took just now");
        }
    }

    /** Puts the figures, in bytes and seconds. */
    public void put(ObjectNode o) {
        o.put("disk_bytes", diskBytes).put("disk_free_bytes", freeBytes).put("convert_memory_bytes", convertBytes).put("run_memory_bytes", runBytes())
                .put("run_weight_bytes", weightBytes).put("run_kv_bytes", cacheBytes).put("run_process_bytes", PROCESS_BYTES).put("seconds", writeSeconds + kernelSeconds);
    }

    private static long weightBytes(Stream<Region> graphs) {
        long bytes = 0;
        Set<Weight> seen = new HashSet<>();
        for (Node node : graphs.flatMap(g -> g.nodes().stream()).toList()) {
            if (node.kind() instanceof Weight w && seen.add(w)) {
                DType type = w.expr().type().dtype();
                bytes += type.isFloat() ? w.expr().byteSize() / type.bytes() * DType.F32.bytes() : w.expr().byteSize();
            }
        }
        return bytes;
    }

    private static double bytesPerSecond(Checkpoint checkpoint) throws IOException {
        Path first = checkpoint.files().getFirst();
        long start = System.nanoTime();
        long read = 0;
        try (InputStream in = Files.newInputStream(first)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n > 0 && read < PROBE; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                read += n;
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        return Math.max(1, read) / Math.max(1e-6, (System.nanoTime() - start) / 1e9);
    }
}
