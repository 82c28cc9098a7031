// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Unchecked;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Loads the classes of a plug-in's jar. */
final class PluginLoader extends URLClassLoader {
    /** How the names of these loaders begin; they stand in stack traces. */
    private static final String NAME = "plug-in ";

    static {
        registerAsParallelCapable();
    }

    private final Map<Path, PluginLoader> others;

    /** @param others the loaders of other plug-ins that the jar has on its class path, by their real files */
    PluginLoader(Path jar, URL url, Map<Path, PluginLoader> others) {
        super(NAME + jar.getFileName(), new URL[] {url}, PluginLoader.class.getClassLoader());
        this.others = Map.copyOf(others);
    }

    /** A class of another plug-in is the one that its own loader gives. */
    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        Optional<PluginLoader> other = others.isEmpty() ? Optional.empty() : jar(name).map(others::get);
        return other.isPresent() ? other.get().loadClass(name) : super.findClass(name);
    }

    private Optional<Path> jar(String className) {
        URL found = findResource(className.replace('.', '/') + ".class");
        try {
            return found != null && found.openConnection() instanceof JarURLConnection in ? Optional.of(Path.of(in.getJarFileURL().toURI()).toRealPath()) : Optional.empty();
        } catch (IOException | URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** What a plug-in may not have is no class to it: an {@link IllegalAccessError} that says what to use instead. */
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (name.equals(Unchecked.class.getName())) {
            throw new IllegalAccessError(name + " is the parser's alone; make graphs through a RegionBuilder or a Rewriter");
        }
        return super.loadClass(name, resolve);
    }

    /** The plug-in and the method of it that was running, nearest to where this was thrown; empty when no plug-in was. */
    static Optional<String> running(Throwable e) {
        return Stream.iterate(e, t -> t != null, Throwable::getCause).flatMap(t -> Arrays.stream(t.getStackTrace()))
                .filter(f -> f.getClassLoaderName() != null && f.getClassLoaderName().startsWith(NAME))
                .findFirst().map(f -> f.getClassLoaderName() + ": " + f.getClassName() + "." + f.getMethodName());
    }
}
