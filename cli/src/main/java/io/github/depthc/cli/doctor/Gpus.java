// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.cli.doctor.Check.State;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** NVIDIA GPUs, their driver and TensorRT. None is needed on the CPU. */
final class Gpus {
    private static final long PATIENCE_SECONDS = 10;
    private static final int OLDEST_CUDA = 13_000;
    private static final String TENSORRT = "11.2.";
    /** TensorRT in a jar that the program was started with. */
    private static final String REDISTRIBUTED = "org/bytedeco/tensorrt/linux-x86_64/libnvinfer.so.11";

    private Gpus() {
    }

    static List<Check> checks() {
        Optional<NativeLibraries.Loaded> driver = NativeLibraries.find(List.of("libcuda.so.1", "nvcuda.dll"));
        Optional<String> listed = listed();
        return List.of(
                new Check("gpu", "GPU", listed.isPresent() ? State.OK : State.ABSENT, listed.orElse("no NVIDIA GPU (nvidia-smi finds none)")),
                driver.map(Gpus::driver).orElse(new Check("driver", "GPU driver", State.ABSENT, "none (no CUDA driver library)")),
                tensorRt(), engines());
    }

    private static Check driver(NativeLibraries.Loaded cuda) {
        return driver(cuda.name(), cuda.read("cuDriverGetVersion"));
    }

    /** @param version as the driver counts it: 13010 is 13.1 */
    static Check driver(String name, OptionalInt version) {
        boolean old = version.isPresent() && version.getAsInt() < OLDEST_CUDA;
        return new Check("driver", "GPU driver", old ? State.ABSENT : State.OK, name
                + (version.isPresent() ? ", up to CUDA " + version.getAsInt() / 1000 + "." + version.getAsInt() % 1000 / 10 : "")
                + (old ? "; engines need a driver for CUDA " + OLDEST_CUDA / 1000 + ".0 or later (580)" : ""));
    }

    private static Check tensorRt() {
        return NativeLibraries.find(List.of("libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so", "nvinfer_11.dll", "nvinfer_10.dll"))
                .map(l -> {
                    OptionalInt version = l.call("getInferLibVersion");
                    return tensorRt(l.name(), version.isPresent() ? tensorRtVersion(version.getAsInt()) : "");
                })
                .orElseGet(() -> Gpus.class.getClassLoader().getResource(REDISTRIBUTED) == null ? new Check("tensorrt", "TensorRT", State.ABSENT, "none (no libnvinfer)")
                        : new Check("tensorrt", "TensorRT", State.OK, "libnvinfer.so.11, on the class path (tools/gpu-libraries)"));
    }

    /** @param version empty where the library does not say it */
    static Check tensorRt(String name, String version) {
        boolean fits = version.startsWith(TENSORRT);
        return new Check("tensorrt", "TensorRT", fits ? State.OK : State.ABSENT, name + (version.isEmpty() ? "" : ", " + version) + (fits ? "" : "; engines need " + TENSORRT + "x"));
    }

    /** All that building and running engines needs, as these commands check it. */
    private static Check engines() {
        return GpuSupport.check().map(missing -> new Check("gpu_engines", "GPU engines", State.ABSENT, missing))
                .orElse(new Check("gpu_engines", "GPU engines", State.OK, "can be built and run"));
    }

    /** Version 8 counts in hundreds, later ones in ten thousands. */
    private static String tensorRtVersion(int v) {
        return v >= 10_000 ? v / 10_000 + "." + v / 100 % 100 + "." + v % 100 : v / 1000 + "." + v / 100 % 10 + "." + v % 100;
    }

    /** Name, memory and driver of each GPU by the driver's own tool; empty without one. */
    private static Optional<String> listed() {
        try {
            Process p = new ProcessBuilder("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
                    .redirectErrorStream(true).start();
            p.getOutputStream().close();
            if (!p.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                p.destroyForcibly();
                return Optional.empty();
            }
            String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return p.exitValue() == 0 && !out.isEmpty() && !out.toLowerCase(Locale.ROOT).contains("no devices")
                    ? Optional.of(String.join("; ", out.lines().toList())) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // no such tool
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
